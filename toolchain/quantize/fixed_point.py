"""Real factors as integers: significand and shift."""

import math

import numpy as np
from numpy.typing import NDArray

from toolchain.errors import BuildError


def significand_and_shift(factor: float) -> tuple[int, int]:
    """Write a positive ``factor`` as ``multiplier / 2**shift`` with ``multiplier`` in [2**30, 2**31).

    Raises:
        BuildError: if the factor is not in (2**-31, 2**29], where the shift would not be in 1..61.
    """
    if not (math.isfinite(factor) and 2.0**-31 < factor <= 2.0**29):
        raise BuildError(f"a scale factor of {factor:g} is outside what the integer arithmetic holds")
    significand, exponent = math.frexp(factor)
    multiplier, shift = round(significand * 2**31), 31 - exponent
    return (multiplier // 2, shift - 1) if multiplier == 2**31 else (multiplier, shift)


def common_shift(values: NDArray[np.float64], bits: int, limit: int, least: int = 1) -> int:
    """Largest shift s <= ``limit`` for which every ``round(value * 2**s)`` fits a signed ``bits``-bit integer.

    Raises:
        BuildError: if a shift of ``least`` already overflows.
    """
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0.0:
        return limit
    shift = min(limit, math.floor(math.log2((2 ** (bits - 1) - 1) / largest)))
    if shift < least:
        raise BuildError(f"a weight of {largest:g} is outside what {bits}-bit fixed point holds")
    return shift


def fixed(values: NDArray[np.float64], shift: int) -> NDArray[np.int64]:
    """``round(values * 2**shift)``."""
    return np.rint(values * 2.0**shift).astype(np.int64)
