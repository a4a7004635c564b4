"""A student's folder: every form of one model, side by side, and a manifest that says what made them."""

import hashlib
import json
import os
import platform
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from toolchain import __version__
from toolchain.audio import Clip
from toolchain.errors import UsageError
from toolchain.export.onnx import export_onnx
from toolchain.export.onnx_int8 import quantize_onnx
from toolchain.export.tflite import export_tflite
from toolchain.extras import require
from toolchain.files import naming, sha256_file
from toolchain.quantize.assemble import assemble
from toolchain.quantize.backbone import quantize_backbone
from toolchain.quantize.student_file import save_student
from toolchain.quantize.tflite import read_backbone

if TYPE_CHECKING:
    from toolchain.model.students import Student

CHECKPOINT = "model.safetensors"
ONNX = "model.onnx"
ONNX_INT8 = "model.int8.onnx"
TFLITE = "model.float.tflite"
BACKBONE = "backbone.int8.tflite"
QUANTIZED = "quantized.safetensors"
MANIFEST = "manifest.json"
#: As `toolchain.signing` writes it: of the files that are replaced with the manifest, so it goes with them.
SIGNATURE = "signature.json"

#: Packages whose version may change what comes out.
_TOOLS = (
    "numpy", "torch", "onnx", "onnxruntime", "onnx2tf", "ai-edge-litert", "litert-quantizer", "safetensors", "soxr"
)  # fmt: skip

_FULL_SCALE = 32768

#: Called with the name of each file before it is made.
OnFile = Callable[[str], None]


@dataclass(frozen=True)
class StudentFolder:
    """Where the forms of one student lie.

    Args:
        path: the folder.
    """

    path: Path

    @property
    def checkpoint(self) -> Path:
        """The float checkpoint."""
        return self.path / CHECKPOINT

    @property
    def onnx(self) -> Path:
        """The float student for ONNX Runtime, from the waveform."""
        return self.path / ONNX

    @property
    def backbone(self) -> Path:
        """The int8 .tflite of the convolutions."""
        return self.path / BACKBONE

    @property
    def quantized(self) -> Path:
        """What is deployed: a `QuantizedStudent`."""
        return self.path / QUANTIZED


def export_student(model: "Student", out: Path, on_file: OnFile = lambda name: None) -> StudentFolder:
    """Write the float forms of ``model`` to ``out``: checkpoint, ONNX and TFLite, and a manifest.

    Raises:
        MissingToolError: if the extra ``convert`` is not installed.
        BuildError: if a conversion changes the outputs; ``out`` is then as it was before.
    """
    with _Workshop(model, out, on_file) as workshop:
        workshop.export()
        workshop.publish({})
    return StudentFolder(out)


def quantize_student(
    model: "Student", out: Path, calibration: Sequence[Clip], on_file: OnFile = lambda name: None
) -> StudentFolder:
    """Write all forms of ``model`` to ``out``: the float ones, int8 ONNX, int8 backbone and `QuantizedStudent`.

    Args:
        model: the float student.
        out: folder, made if absent; other files in it stay.
        calibration: speech that the ranges of the activations are taken from, by minimum and maximum.
        on_file: progress.

    Raises:
        MissingToolError: if the extra ``convert`` is not installed.
        UsageError: if there is no calibration clip.
        BuildError: if a conversion changes the outputs or does not succeed; ``out`` is then as it was before.
    """
    if not calibration:
        raise UsageError("calibration needs at least one clip")
    with _Workshop(model, out, on_file) as workshop:
        workshop.export()
        workshop.quantize([_signal(clip) for clip in calibration])
        workshop.publish({"calibration": [_provenance(clip) for clip in calibration]})
    return StudentFolder(out)


class _Workshop:
    """A scratch folder beside ``out``, from which only complete sets of files are moved there."""

    def __init__(self, model: "Student", out: Path, on_file: OnFile) -> None:
        self._model, self._out, self._on_file = model, out, on_file

    def __enter__(self) -> "_Workshop":
        self._out.parent.mkdir(parents=True, exist_ok=True)
        with naming(self._out):
            self._scratch = tempfile.TemporaryDirectory(dir=self._out.parent, prefix=f".{self._out.name}.")
        self._folder = Path(self._scratch.name)
        return self

    def __exit__(self, *exception: object) -> None:
        self._scratch.cleanup()

    def export(self) -> None:
        """Make the float forms."""
        checkpoints, path = require("toolchain.model.checkpoint", "convert"), self._start(CHECKPOINT)
        with naming(self._out / CHECKPOINT):
            checkpoints.save(self._model, path)
        checkpoint = sha256_file(self._folder / CHECKPOINT)
        self._onnx = self._write(ONNX, lambda: export_onnx(self._model, checkpoint_sha256=checkpoint))
        self._write(TFLITE, lambda: export_tflite(self._model, self._onnx))

    def quantize(self, signals: Sequence[NDArray[np.float32]]) -> None:
        """Make the integer forms."""
        self._write(ONNX_INT8, lambda: quantize_onnx(self._onnx, signals))
        tflite = self._write(BACKBONE, lambda: quantize_backbone(self._model, signals))
        student = assemble(
            self._model.name,
            {key: value.numpy() for key, value in self._model.state_dict().items()},
            read_backbone(tflite),
            checkpoint_sha256=sha256_file(self._folder / CHECKPOINT),
            backbone_sha256=hashlib.sha256(tflite).hexdigest(),
        )
        path = self._start(QUANTIZED)
        with naming(self._out / QUANTIZED):
            save_student(student, path)

    def publish(self, provenance: dict[str, Any]) -> None:
        """Move everything to ``out``; the manifest goes first and comes last: without it, the set is not whole."""
        manifest = {
            "model": self._model.name,
            "files": {path.name: sha256_file(path) for path in sorted(self._folder.iterdir())},
            "tools": _tool_versions(),
            **provenance,
        }
        with naming(self._out / MANIFEST):
            (self._folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        self._out.mkdir(exist_ok=True)
        (self._out / MANIFEST).unlink(missing_ok=True)
        (self._out / SIGNATURE).unlink(missing_ok=True)
        for path in sorted(self._folder.iterdir(), key=lambda path: path.name == MANIFEST):
            os.chmod(path, 0o644)
            os.replace(path, self._out / path.name)

    def _start(self, name: str) -> Path:
        self._on_file(name)
        return self._folder / name

    def _write(self, name: str, make: Callable[[], bytes]) -> bytes:
        path = self._start(name)
        content = make()
        with naming(self._out / name):
            path.write_bytes(content)
        return content


def _signal(clip: Clip) -> NDArray[np.float32]:
    return (clip.pcm / _FULL_SCALE).astype(np.float32)


def _provenance(clip: Clip) -> dict[str, Any]:
    return {"name": clip.name, "start": clip.start, "samples": len(clip.pcm), "sha256": clip.sha256}


def _tool_versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "wav2small-toolchain": __version__}
    for package in _TOOLS:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
