"""What memory the engine needs on this computer, measured."""

import ctypes

import numpy as np
from numpy.typing import NDArray

from toolchain.native.engine import load_engine, zeroed
from toolchain.native.kernel import native_kernels
from toolchain.native.library import library
from toolchain.native.sources import stack_sources
from toolchain.quantize.student import QuantizedStudent
from toolchain.reference.engine import require_length
from toolchain.target.schema import KernelName


def engine_memory(student: QuantizedStudent, pcm: NDArray[np.int16], kernel: KernelName | None = None) -> int:
    """Return the bytes of a ``w2s_engine`` and of the stack that it takes for one window.

    The stack is painted and looked at afterwards; the sums of pass 1 and the call itself are in it.

    Args:
        student: the deployed model.
        pcm: int16 (N,), 16 kHz mono.
        kernel: one of `native_kernels`; the fastest without it.

    Raises:
        UsageError: The window is shorter than one frame or longer than an engine takes.
        MissingToolError: The host's C compiler is not installed.
        BuildError: It does not compile the engine, which needs POSIX threads here.
    """
    require_length(student, len(pcm))
    measuring = load_engine(library(stack_sources(student, kernel or native_kernels()[0])))
    measuring.w2s_native_stack_bytes.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32)
    measuring.w2s_native_stack_bytes.restype = ctypes.c_uint32
    memory = zeroed(measuring.w2s_native_bytes())
    samples = np.ascontiguousarray(pcm, np.int16)
    stack: int = measuring.w2s_native_stack_bytes(memory, samples.ctypes.data, len(samples))
    assert stack, "the stack of a thread cannot be measured here"
    engine: int = measuring.w2s_native_engine_bytes()
    return engine + stack
