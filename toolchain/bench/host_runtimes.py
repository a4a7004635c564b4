"""The runtimes that are compared with the engine on this computer, each on one thread: loaded, then run.

The backbone is the int8 .tflite's; ONNX Runtime has the whole student, from the waveform.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toolchain.extras import require

#: Runs once what was loaded.
Run = Callable[[], object]


def open_tflm(model: Path, image: NDArray[np.int8], arena_bytes: int) -> Run:
    """TensorFlow Lite Micro on a .tflite for just this image (T, 26), with an arena of this size.

    Raises:
        MissingToolError: The extra ``tflm`` is not installed.
    """
    tflm = require("tflite_micro", "tflm")
    interpreter = tflm.runtime.Interpreter.from_file(str(model), arena_size=arena_bytes)
    interpreter.set_input(image[np.newaxis, ..., np.newaxis], 0)
    return interpreter.invoke


def open_litert(model: Path, image: NDArray[np.int8]) -> Run:
    """LiteRT's default interpreter, which delegates to XNNPACK, on a .tflite for just this image (T, 26).

    Raises:
        MissingToolError: The extra ``convert`` is not installed.
    """
    litert = require("ai_edge_litert.interpreter", "convert")
    with _silent_stderr():  # on which XNNPACK announces itself
        interpreter = litert.Interpreter(str(model), num_threads=1)
        interpreter.allocate_tensors()
    (place,) = interpreter.get_input_details()
    interpreter.set_tensor(place["index"], image[np.newaxis, ..., np.newaxis])
    return interpreter.invoke


def open_onnxruntime(model: Path, pcm: NDArray[np.int16]) -> Run:
    """ONNX Runtime on the whole student and a window."""
    from toolchain.export.onnx import open_session, run

    session = open_session(model)
    signal = pcm.astype(np.float32) / np.float32(32768)
    return lambda: run(session, signal)


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Silence what C++ writes to the process's stderr."""
    saved = os.dup(2)
    with open(os.devnull, "w") as null:
        os.dup2(null.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
