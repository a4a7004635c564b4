"""Teachers as ONNX: audEERING's published folder, or any file that maps a waveform to three numbers."""

import hashlib
import mmap
import re
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from toolchain.errors import UsageError
from toolchain.files import sha256_file
from toolchain.model_names import DIMENSIONS
from toolchain.teacher.base import Teacher

#: Of audonnx' folders (Zenodo record 6221127 is one).
FILE_NAME = "model.onnx"
_HIDDEN, _LOGITS = "hidden_states", "logits"
_SHORTEST = 720
#: Where a tensor's values are in another file: ``StringStringEntryProto`` of onnx.proto with key (field 1) "location",
#: up to the length (base 128, one or two bytes) of the value (field 2).
_LOCATION = re.compile(rb"\x0a\x08location\x12([\x80-\xff]?[\x01-\x7f])", re.DOTALL)


class OnnxTeacher(Teacher):
    """An ONNX Runtime session on the CPU.

    audEERING's graph (outputs ``hidden_states`` and ``logits``) hears zero mean and unit variance, as its feature
    extractor makes them; any other hears the waveform as it is.
    """

    kind = "onnx"
    shortest = _SHORTEST

    def __init__(self, path: Path) -> None:
        self._session = _open(path)
        self._input = _signal_name(self._session, path)
        self._output = _output_name(self._session, path)
        self._normalises = _HIDDEN in {output.name for output in self._session.get_outputs()}
        self.identity = hashlib.sha256(f"onnx {_content(path)}".encode()).hexdigest()

    @classmethod
    def load(cls, source: str) -> "OnnxTeacher":
        """Open a file, or ``model.onnx`` in a folder.

        Raises:
            UsageError: It is absent, damaged, or has not one waveform in and three numbers out.
        """
        path = Path(source)
        path = path / FILE_NAME if path.is_dir() else path
        if not path.is_file():
            raise UsageError(f"There is no ONNX file {path}.", f"Give a file, or a folder with {FILE_NAME}.")
        return cls(path)

    def annotate(self, signal: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map (B, N) samples in -1..1 at 16 kHz to (B, 3): arousal, dominance, valence."""
        heard = _normalised(signal) if self._normalises else signal
        # One at a time: many a graph was exported for a batch of one.
        rows = [self._session.run([self._output], {self._input: row[np.newaxis]})[0] for row in heard]
        answers = np.concatenate(rows)
        if answers.shape != (len(signal), len(DIMENSIONS)):
            raise UsageError(f"An ONNX teacher answered with shape {answers.shape}, not three numbers for each window.")
        return answers.astype(np.float32, copy=False)


def _normalised(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    centred = signal - signal.mean(axis=1, keepdims=True)
    return (centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-7)).astype(np.float32)


def _open(path: Path) -> onnxruntime.InferenceSession:
    try:
        return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises a dozen kinds of its own
        raise UsageError(
            f"{path} is not an ONNX model that ONNX Runtime can load ({type(error).__name__}).",
            "Fetch it again; a file that it takes weights from must lie in its folder.",
        ) from error


def _signal_name(session: onnxruntime.InferenceSession, path: Path) -> str:
    inputs = session.get_inputs()
    if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 2:
        raise UsageError(f"{path} does not take one float tensor (batch, samples), as a teacher must.")
    return inputs[0].name


def _output_name(session: onnxruntime.InferenceSession, path: Path) -> str:
    """``logits`` where there are several outputs, as in audEERING's; else the only one that can be three numbers."""
    outputs = {output.name: output.shape for output in session.get_outputs()}
    # A length that depends on the input has a name, or none, instead of a number.
    fitting = [n for n, shape in outputs.items() if len(shape) == 2 and shape[1] in (len(DIMENSIONS), None)]
    if _LOGITS in fitting:
        return _LOGITS
    if len(fitting) != 1:
        raise UsageError(f"{path} does not give one tensor (batch, 3), as a teacher must.")
    return fitting[0]


def _content(path: Path) -> str:
    """Hash of the file and of the files that it takes weights from.

    ONNX Runtime has loaded them by now, and has refused those outside the folder.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        names = {_value(content, found) for found in _LOCATION.finditer(content)}
    beside = [path.parent / name for name in sorted(names)]
    return " ".join(sha256_file(file) for file in [path, *beside] if file.is_file())


def _value(content: mmap.mmap, found: re.Match[bytes]) -> str:
    length = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(found[1]))
    return content[found.end() : found.end() + length].decode(errors="replace")
