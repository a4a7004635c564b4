"""The backbone of one student alone, from the quantised image to its outputs, as other runtimes run it."""

import ctypes

import numpy as np
from numpy.typing import NDArray

from toolchain.native.engine import zeroed
from toolchain.native.kernel import native_kernels
from toolchain.native.library import library
from toolchain.native.sources import backbone_sources
from toolchain.quantize.student import CHANNELS, POOLED_BANDS, QuantizedStudent
from toolchain.target.schema import KernelName

Rows = NDArray[np.int8]


class NativeBackbone:
    """The generated backbone without front end and head.

    Args:
        student: the deployed model.
        kernel: one of `native_kernels`; the fastest without it.

    Raises:
        MissingToolError: The host's C compiler is not installed.
        BuildError: It does not compile the backbone.
    """

    def __init__(self, student: QuantizedStudent, kernel: KernelName | None = None) -> None:
        self.kernel: KernelName = kernel or native_kernels()[0]
        self._names = [layer.name for layer in student.backbone.outputs]
        self._library = ctypes.CDLL(str(library(backbone_sources(student, self.kernel))))
        self._library.w2s_native_engine_bytes.restype = ctypes.c_uint32
        self._bytes: int = self._library.w2s_native_engine_bytes()
        pointer = ctypes.c_void_p
        self._library.w2s_native_backbone.argtypes = (pointer, pointer, ctypes.c_uint32, pointer)
        self._library.w2s_native_backbone.restype = None

    def run(self, image: Rows) -> dict[str, Rows]:
        """Return ``lin`` and ``sof``, or ``rows``, each int8 (T2, 13, 13), from a quantised image (T, 26)."""
        image = np.ascontiguousarray(image, np.int8)
        shape = ((len(image) + 1) // 2, POOLED_BANDS, CHANNELS)
        outputs: dict[str, Rows] = {name: np.empty(shape, np.int8) for name in self._names}
        places = (ctypes.c_void_p * len(outputs))(*(rows.ctypes.data for rows in outputs.values()))
        self._library.w2s_native_backbone(zeroed(self._bytes), image.ctypes.data, len(image), places)
        return outputs
