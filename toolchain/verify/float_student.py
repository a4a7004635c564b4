"""The float student as its ONNX file, run by ONNX Runtime."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toolchain.errors import UsageError
from toolchain.export.onnx import open_session, run
from toolchain.files import MOST_STUDENT, read_bounded
from toolchain.model_names import DIMENSIONS
from toolchain.quantize.student import QuantizedStudent

_FULL_SCALE = 32768


class FloatStudent:
    """What the deployed integers approximate: PCM in, three floats out.

    Args:
        path: ``model.onnx`` of a student's folder.
        student: the quantised student; it must come from the same checkpoint.

    Raises:
        UsageError: if the file cannot be read, is no ONNX model, or comes from another checkpoint.
    """

    def __init__(self, path: Path, student: QuantizedStudent) -> None:
        self._path = path
        try:
            self._session = open_session(read_bounded(path, MOST_STUDENT))
        except OSError as error:
            raise UsageError(f"cannot read the float student {path}: {error.strerror}") from error
        except Exception as error:  # ONNX Runtime's exceptions share no base class of their own
            raise UsageError(f"{path} is not an ONNX model: {_first_line(error)}") from error
        checkpoint = self._session.get_modelmeta().custom_metadata_map.get("checkpoint_sha256", "")
        if checkpoint != student.checkpoint_sha256:
            raise UsageError(
                f"{path} and the quantised student beside it come from different checkpoints",
                "make both again with 'toolchain quantize'",
            )

    def __call__(self, pcm: NDArray[np.int16]) -> NDArray[np.float32]:
        """Arousal, dominance, valence of one window, as float32 (3,); ``pcm`` is int16 (samples,) at 16 kHz.

        Raises:
            UsageError: if the graph cannot be run, or gives anything but three finite numbers.
        """
        try:
            outputs = run(self._session, (pcm / _FULL_SCALE).astype(np.float32))
        except Exception as error:  # ONNX Runtime's exceptions share no base class of their own
            raise self._unusable(_first_line(error)) from error
        if outputs.shape != (1, len(DIMENSIONS)) or not np.isfinite(outputs).all():
            raise self._unusable(f"it does not give {len(DIMENSIONS)} numbers")
        return outputs[0]

    def _unusable(self, reason: str) -> UsageError:
        message = f"the float student {self._path} cannot be used: {reason}"
        return UsageError(message, "make it with 'toolchain quantize'")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
