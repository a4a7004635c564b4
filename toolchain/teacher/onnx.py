"""Teachers as ONNX: audEERING's published folder, or any file that maps a waveform to three numbers."""

import hashlib
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from toolchain.errors import UsageError
from toolchain.files import read_bounded, require_regular, sha256_file
from toolchain.model_names import DIMENSIONS
from toolchain.teacher.base import Teacher

#: Of audonnx' folders (Zenodo record 6221127 is one).
FILE_NAME = "model.onnx"
_HIDDEN, _LOGITS = "hidden_states", "logits"
_SHORTEST = 720
#: Of weights too large for one file.
_WEIGHTS_ENDS = (".data", "_data")
_WEIGHTS_FOLDER = "session.model_external_initializers_file_folder_path"
_LOG_FATAL = 4
#: Of protobuf: a larger graph has its weights in files beside it.
_MOST_BYTES = (2 << 30) - 1


class OnnxTeacher(Teacher):
    """An ONNX Runtime session on the CPU, which hears the waveform as it is.

    So does audonnx: audEERING's notebook (github.com/audeering/w2v2-how-to) shows the published graph with the input
    ``signal: transform: None``. Whether a graph normalises is its own affair.

    Attributes:
        is_audonnx: Whether its outputs are those of audEERING's published graph.
    """

    kind = "onnx"
    shortest = _SHORTEST

    def __init__(self, path: Path) -> None:
        self._session = _open(path)
        self._input = _signal_name(self._session, path)
        self._output = _output_name(self._session, path)
        self._path = path
        self.is_audonnx = {_HIDDEN, _LOGITS} == {output.name for output in self._session.get_outputs()}
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
        """Map (B, N) samples in -1..1 at 16 kHz to (B, 3): arousal, dominance, valence.

        Raises:
            UsageError: The graph cannot hear so many samples, or does not answer with three finite numbers.
        """
        # One at a time: many a graph, audEERING's among them, was exported for a batch of one.
        answers = np.concatenate([self._run(row[np.newaxis]) for row in signal])
        if answers.shape != (len(signal), len(DIMENSIONS)):
            raise UsageError(f"An ONNX teacher answered with shape {answers.shape}, not three numbers for each window.")
        if not np.isfinite(answers).all():
            raise UsageError(f"The teacher {self._path} answered with NaN or infinity.")
        return answers.astype(np.float32, copy=False)

    def _run(self, signal: NDArray[np.float32]) -> NDArray[np.float32]:
        try:
            return np.asarray(self._session.run([self._output], {self._input: signal})[0])
        except Exception as error:  # ONNX Runtime raises a dozen kinds of its own
            raise UsageError(f"The teacher {self._path} cannot hear {signal.shape[1]} samples.") from error


def _open(path: Path) -> onnxruntime.InferenceSession:
    """Open a graph whose weights are in it or in files that :func:`_content` hashes.

    ONNX Runtime itself refuses weights outside the folder that it is told of.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _LOG_FATAL
    source = _source(path)
    try:
        with tempfile.TemporaryDirectory() as empty:
            options.add_session_config_entry(_WEIGHTS_FOLDER, empty)
            return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises a dozen kinds of its own
        raise UsageError(f"{path} is not an ONNX model that ONNX Runtime can load ({type(error).__name__}).") from error


def _source(path: Path) -> str | bytes:
    """The graph as ONNX Runtime takes it: by name where weights lie beside it, else its content."""
    try:
        if _beside(path):
            require_regular(path, _MOST_BYTES)
            return str(path)
        return read_bounded(path, _MOST_BYTES)
    except OSError as error:
        raise UsageError(f"The ONNX file {path} cannot be read: {error.strerror}.") from error


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
    """Hash of the file and of the weights that lie beside it."""
    return " ".join(sha256_file(file) for file in [path, *_beside(path)])


def _beside(path: Path) -> list[Path]:
    """Files of weights as exporters name them: ``model.onnx.data`` or ``model.onnx_data`` of ``model.onnx``."""
    return [other for other in (path.with_name(path.name + end) for end in _WEIGHTS_ENDS) if other.is_file()]
