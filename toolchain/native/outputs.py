"""What the int8 form of a student answers, as real numbers, by the fastest exact way that this computer has."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from toolchain.errors import MissingToolError
from toolchain.native.engine import NativeEngine, Result
from toolchain.quantize.student import QuantizedStudent
from toolchain.reference.engine import run

_ONE = 65536


def int8_outputs(student: QuantizedStudent, clips: Sequence[NDArray[np.int16]]) -> NDArray[np.float32]:
    """Return what every board answers, (n, 3), for windows of any lengths.

    Computed by the generated engine; by the integer reference, which gives the same, where no C compiler is installed.

    Raises:
        UsageError: A window is shorter than one frame or longer than an engine takes.
        BuildError: The C compiler fails.
    """
    return (_results(student, clips) / _ONE).astype(np.float32)


def _results(student: QuantizedStudent, clips: Sequence[NDArray[np.int16]]) -> Result:
    try:
        engine = NativeEngine(student)
    except MissingToolError:
        return np.array([run(student, pcm).output for pcm in clips], np.int32).reshape(-1, 3)
    return engine.run_many(clips)
