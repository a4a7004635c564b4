"""Teachers by name."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from toolchain.errors import UsageError
from toolchain.extras import require
from toolchain.model.device import choose_device
from toolchain.resources import teacher_dir
from toolchain.teacher.acted import ActedTeacher
from toolchain.teacher.base import Teacher
from toolchain.teacher.ensemble import EnsembleTeacher
from toolchain.teacher.onnx import OnnxTeacher

#: The bundled one.
ACTED = "acted"


def load(specs: Sequence[str], device: str = "cpu") -> Teacher:
    """Return a teacher, or the mean of several.

    Args:
        specs: Each ``KIND:SOURCE`` with the kinds ``wav2vec2``, ``wavlm`` (a folder or a hub id), ``onnx`` (a file or
            folder), ``acted`` (a folder); or ``acted`` alone, for the bundled one.
        device: Of torch; only the transformers use it.

    Raises:
        UsageError: There is no spec, one is not understood, or its teacher cannot be loaded.
        MissingToolError: The extra ``teacher`` is not installed.
    """
    if not specs:
        raise UsageError("No teacher was named.", "Say acted for the bundled one.")
    teachers = [_load(spec, choose_device(device)) for spec in specs]
    return teachers[0] if len(teachers) == 1 else EnsembleTeacher(teachers)


def _load(spec: str, device: torch.device) -> Teacher:
    kind, _, source = spec.partition(":")
    if spec == ACTED:
        return ActedTeacher.load(teacher_dir())
    if kind not in _LOADERS or not source:
        raise UsageError(
            f"{spec!r} names no teacher.",
            "Say acted, acted:FOLDER, wav2vec2:FOLDER_OR_HUB_ID, wavlm:FOLDER_OR_HUB_ID or onnx:FILE_OR_FOLDER.",
        )
    return _LOADERS[kind](source, device)


def _wav2vec2(source: str, device: torch.device) -> Teacher:
    return require("toolchain.teacher.wav2vec2", "teacher").Wav2Vec2Teacher.load(source, device)


def _wavlm(source: str, device: torch.device) -> Teacher:
    return require("toolchain.teacher.wavlm", "teacher").WavLMTeacher.load(source, device)


_LOADERS: dict[str, Callable[[str, torch.device], Teacher]] = {
    "wav2vec2": _wav2vec2,
    "wavlm": _wavlm,
    "onnx": lambda source, device: OnnxTeacher.load(source),
    "acted": lambda source, device: ActedTeacher.load(Path(source)),
}
