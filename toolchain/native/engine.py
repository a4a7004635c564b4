"""The whole engine of one student as an object: windows of PCM in, results in Q16 out."""

import ctypes
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolchain.native.kernel import native_kernels
from toolchain.native.library import library
from toolchain.native.sources import engine_sources
from toolchain.quantize.student import CHANNELS, FEATURES, MEL_BANDS, POOL_AFTER, TRUNK, QuantizedStudent
from toolchain.reference.engine import Trace, require_length
from toolchain.target.schema import KernelName

Pcm = NDArray[np.int16]
Result = NDArray[np.int32]
Rows = NDArray[np.int8] | NDArray[np.int32]

#: W2S_LAYER_NONE.
NO_LAYER = 255


class NativeEngine:
    """The engine of one student, compiled for this computer; equal to `toolchain.reference` bit for bit.

    Every call has an engine of its own and lets other threads run meanwhile, so that one object may be used from many
    threads.

    Args:
        student: the deployed model.
        kernel: one of `native_kernels`; the fastest without it.

    Raises:
        MissingToolError: The host's C compiler is not installed.
        BuildError: It does not compile the engine.
    """

    def __init__(self, student: QuantizedStudent, kernel: KernelName | None = None) -> None:
        self.student = student
        self.kernel: KernelName = kernel or native_kernels()[0]
        #: The shared library, with the functions of ``w2s_native.h``.
        self.path = library(engine_sources(student, self.kernel))
        self._library = load_engine(self.path)
        self._bytes: int = self._library.w2s_native_bytes()

    @property
    def engine_bytes(self) -> int:
        """Bytes of a ``w2s_engine``: all memory the engine has but for the stack, whatever the audio's length."""
        return self._library.w2s_native_engine_bytes()

    def run(self, pcm: Pcm) -> Result:
        """Return arousal, dominance and valence, int32 (3,) in Q16, of a window normalised over itself.

        Args:
            pcm: int16 (N,), 16 kHz mono.

        Raises:
            UsageError: The window is shorter than one frame or longer than an engine takes.
        """
        return self._call(self._library.w2s_native_run, zeroed(self._bytes), pcm)

    def run_many(self, clips: Sequence[Pcm], threads: int | None = None) -> Result:
        """Return the results of many windows, int32 (n, 3).

        Args:
            clips: windows of any lengths.
            threads: how many run at the same time; as many as this process has CPUs without it.

        Raises:
            UsageError: as `run`, for any of them.
        """
        results = np.empty((len(clips), 3), np.int32)
        with ThreadPoolExecutor(threads or available_cpus()) as pool:
            for index, result in enumerate(pool.map(self.run, clips)):
                results[index] = result
        return results

    def run_stream(self, pcm: Pcm, window: int) -> Result:
        """Return the results of windows that follow one another, int32 (windows, 3), by one running estimate.

        Args:
            pcm: int16 (N,), 16 kHz mono; what does not fill a window at its end gives no result.
            window: samples of each window.

        Raises:
            UsageError: as `run`.
        """
        memory = zeroed(self._bytes)
        starts = range(0, len(pcm) - window + 1, window)
        results = [self._call(self._library.w2s_native_run_next, memory, pcm[at : at + window]) for at in starts]
        return np.array(results, np.int32).reshape(-1, 3)

    def trace(self, pcm: Pcm) -> Trace:
        """Return the result of a window and every layer's rows, as `toolchain.reference.engine.run` does.

        The engine shows one layer at a time: it runs once for each.

        Raises:
            UsageError: as `run`.
        """
        output = self.run(pcm)
        rows = {}
        for number, name in enumerate(self.student.layer_names):
            rows[name] = self._empty_rows(name, self.student.frames(len(pcm)))
            self._call(self._library.w2s_native_run, zeroed(self._bytes), pcm, number, rows[name])
        return Trace(output=output, rows=rows)

    def _call(
        self, function: Any, memory: Any, pcm: Pcm, layer: int = NO_LAYER, rows: Rows | None = None
    ) -> Result:
        require_length(self.student, len(pcm))
        samples = np.ascontiguousarray(pcm, np.int16)
        result = np.zeros(3, np.int32)
        status = function(
            memory,
            samples.ctypes.data,
            len(samples),
            layer,
            None if rows is None else rows.ctypes.data,
            result.ctypes.data,
        )
        assert status == 0, f"the engine refuses a window of {len(pcm)} samples with status {status}"
        return result

    def _empty_rows(self, layer: str, frames: int) -> Rows:
        if layer == "pooled":
            return np.empty((1, FEATURES), np.int32)
        if layer == "logmel":
            return np.empty((frames, MEL_BANDS), np.int8)
        if layer in TRUNK[: TRUNK.index(POOL_AFTER) + 1]:
            return np.empty((frames, MEL_BANDS, CHANNELS), np.int8)
        return np.empty(((frames + 1) // 2, FEATURES // CHANNELS, CHANNELS), np.int8)


def available_cpus() -> int:
    """CPUs that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def zeroed(size: int) -> Any:
    """At least ``size`` bytes of zeros, aligned as C wants them."""
    return (ctypes.c_uint64 * -(-size // 8))()


def load_engine(path: Path) -> ctypes.CDLL:
    """Load a library of `engine_sources` and declare its functions."""
    loaded = ctypes.CDLL(str(path))
    for name in ("w2s_native_bytes", "w2s_native_engine_bytes"):
        getattr(loaded, name).restype = ctypes.c_uint32
    for name in ("w2s_native_run", "w2s_native_run_next"):
        pointer = ctypes.c_void_p
        getattr(loaded, name).argtypes = (pointer, pointer, ctypes.c_uint32, ctypes.c_uint8, pointer, pointer)
    return loaded
