"""Model-independent tables of the integer arithmetic, computed once in double precision.

Formats are those of ``docs/numeric-contract.md``. All are exact roundings, so that the same numbers come out
on every machine with an IEEE 754 libm good to half a unit in the 40th bit.
"""

import math

import numpy as np
from numpy.typing import NDArray

from toolchain.quantize.student import FFT_SIZE

#: Segments of the piecewise linear log2 and exp2 tables.
SEGMENTS = 64
#: log2(1e-10) in Q16: the front end's floor of -100 dB.
LOG2_FLOOR = round(math.log2(1e-10) * 65536)
#: The normaliser's 1e-7 (of samples in -1..1) in units of one LSB squared, Q8.
EPSILON_Q8 = round(1e-7 * 2**30 * 256)


def _rounded(values: NDArray[np.float64], bits: int) -> NDArray[np.int64]:
    return np.rint(values * 2.0**bits).astype(np.int64)


def hann_window() -> NDArray[np.uint16]:
    """Periodic Hann window of 64 samples, Q15 in 0..32768."""
    n = np.arange(FFT_SIZE)
    return _rounded(0.5 - 0.5 * np.cos(2 * np.pi * n / FFT_SIZE), 15).astype(np.uint16)


def twiddles() -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """``cos`` and ``sin`` of ``2 pi k / 64`` for k in 0..31, Q15 in -32768..32768."""
    angle = 2 * np.pi * np.arange(FFT_SIZE // 2) / FFT_SIZE
    return _rounded(np.cos(angle), 15).astype(np.int32), _rounded(np.sin(angle), 15).astype(np.int32)


def bit_reversal() -> NDArray[np.uint8]:
    """Where each of the transform's 32 points goes before the first stage: its number's 5 bits reversed."""
    return np.array([int(f"{index:05b}"[::-1], 2) for index in range(FFT_SIZE // 2)], np.uint8)


def log2_table() -> NDArray[np.int32]:
    """``log2(1 + i / 64)`` for i in 0..64, Q16 in 0..65536."""
    return _rounded(np.log2(1 + np.arange(SEGMENTS + 1) / SEGMENTS), 16).astype(np.int32)


def exp2_table() -> NDArray[np.int32]:
    """``2 ** (-i / 64)`` for i in 0..64, Q20 in 2**19..2**20."""
    return _rounded(np.exp2(-np.arange(SEGMENTS + 1) / SEGMENTS), 20).astype(np.int32)
