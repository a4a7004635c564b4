"""TensorFlow Lite Micro, the conventional runtime: an oracle for the integer reference, and its arena."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from toolchain.errors import BuildError
from toolchain.extras import require
from toolchain.quantize.student import CHANNELS, MEL_BANDS
from toolchain.quantize.tflite import output_order, with_frames

#: TFLM's own records; a 17k takes 4.5 KB.
_OVERHEAD = 64 * 1024
#: TFLM aligns its arena to this many bytes.
_ALIGNMENT = 16
#: Seconds for one trial.
_TIMEOUT = 60
_PROBE = """
import sys
from tflite_micro import runtime
runtime.Interpreter.from_file(sys.argv[1], arena_size=int(sys.argv[2]))
"""


def run_tflm(tflite: bytes, image: NDArray[np.int8]) -> dict[str, NDArray[np.int8]]:
    """Run an int8 backbone in TFLM's interpreter.

    Args:
        tflite: Content of an int8 .tflite backbone, for any number of frames.
        image: Quantised log-mel image (T, 26).

    Returns:
        ``lin`` and ``sof``, or ``rows``, each int8 (T2, 13, 13): time, mel, channel.

    Raises:
        UsageError: ``tflite`` is not a backbone.
        MissingToolError: The extra ``tflm`` or ``convert`` is not installed.
    """
    tflm = require("tflite_micro", "tflm")
    names = output_order(tflite)
    model = with_frames(tflite, len(image))
    interpreter = tflm.runtime.Interpreter.from_bytes(model, arena_size=sufficient_arena(len(image)))
    interpreter.set_input(image.reshape(1, -1, MEL_BANDS, 1), 0)
    interpreter.invoke()
    return {name: interpreter.get_output(index)[0].copy() for index, name in enumerate(names)}


def minimum_arena_bytes(tflite: bytes, frames: int) -> int:
    """Return the smallest arena in which TFLM accepts the backbone for images of ``frames`` rows.

    Found by bisection, each trial in a process of its own: too small an arena can crash it.

    Raises:
        UsageError: ``tflite`` is not a backbone.
        MissingToolError: The extra ``tflm`` or ``convert`` is not installed.
        BuildError: TFLM does not accept the backbone at all.
    """
    require("tflite_micro", "tflm")
    too_small, enough = 0, sufficient_arena(frames)
    with TemporaryDirectory() as folder:
        path = Path(folder, "backbone.tflite")
        path.write_bytes(with_frames(tflite, frames))
        if not _fits(path, enough):
            raise BuildError(f"TFLM does not accept the backbone with an arena of {enough} bytes")
        while enough - too_small > _ALIGNMENT:
            middle = (too_small + enough) // 2 // _ALIGNMENT * _ALIGNMENT
            too_small, enough = (too_small, middle) if _fits(path, middle) else (middle, enough)
    return enough


def _fits(path: Path, arena_bytes: int) -> bool:
    command = [sys.executable, "-c", _PROBE, str(path), str(arena_bytes)]
    try:
        return subprocess.run(command, capture_output=True, timeout=_TIMEOUT, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def sufficient_arena(frames: int) -> int:
    """Bytes with room for three of the largest activation; TFLM needs two at a time."""
    return _OVERHEAD + 3 * (frames + 2) * (MEL_BANDS + 2) * CHANNELS // _ALIGNMENT * _ALIGNMENT
