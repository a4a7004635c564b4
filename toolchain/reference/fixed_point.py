"""Fixed-point operations shared by front end, backbone and head; vectorised, exact, int64 inside.

Every function states the range its arguments must have; within it no intermediate overflows int64.
"""

import numpy as np
from numpy.typing import NDArray

Int64 = NDArray[np.int64]


def rounding_shift_right(value: Int64, bits: int) -> Int64:
    """``floor(value / 2**bits + 1/2)`` for bits >= 1: round to nearest, ties towards plus infinity."""
    return (value + (np.int64(1) << np.int64(bits - 1))) >> np.int64(bits)


def shift_left(value: Int64, bits: Int64) -> Int64:
    """``value * 2**bits``; where ``bits`` is negative, round to nearest as `rounding_shift_right` does."""
    right = np.maximum(-bits, 0)
    half = (np.int64(1) << right) >> 1
    return ((value << np.maximum(bits, 0)) + half) >> right


def saturate_int8(value: Int64, low: int = -128, high: int = 127) -> NDArray[np.int8]:
    """Clamp to ``low..high`` and narrow to int8."""
    return np.clip(value, low, high).astype(np.int8)


def multiply_q15(value: Int64, factor: Int64) -> Int64:
    """``floor(value * factor / 2**15)`` for int32 ``value`` and ``factor`` in -32768..32768."""
    return (value * factor) >> np.int64(15)


def requantise(accumulator: Int64, multiplier: Int64, shift: Int64) -> Int64:
    """Scale an int32 accumulator by ``multiplier / 2**31 * 2**shift`` with gemmlowp's double rounding.

    SaturatingRoundingDoublingHighMul, then RoundingDivideByPOT (ties away from zero), as TFLite's
    MultiplyByQuantizedMultiplier does. ``multiplier`` is positive, so the first step cannot saturate.
    """
    left = np.maximum(shift, 0)
    right = np.maximum(-shift, 0)
    high = ((accumulator << left) * multiplier + (np.int64(1) << np.int64(30))) >> np.int64(31)
    mask = (np.int64(1) << right) - 1
    threshold = (mask >> 1) + (high < 0)
    return (high >> right) + ((high & mask) > threshold)


def bit_length(value: NDArray[np.uint64]) -> Int64:
    """Position of the highest set bit plus one; 0 for 0. Exact over all of uint64."""
    length = np.zeros(value.shape, np.int64)
    rest = value.copy()
    for step in (32, 16, 8, 4, 2, 1):
        above = (rest >> np.uint64(step)) > 0
        length += np.where(above, step, 0)
        rest = np.where(above, rest >> np.uint64(step), rest)
    return length + (rest > 0)


def log2_q16(value: NDArray[np.uint64], table: NDArray[np.int32]) -> Int64:
    """log2 of positive integers in Q16 by a table of 64 linear segments; at most 7e-5 off.

    Args:
        value: uint64, each >= 1.
        table: (65,) ``log2(1 + i/64)`` in Q16.
    """
    exponent = bit_length(value) - 1
    # The 32 bits below the leading one: 6 choose the segment, 16 interpolate, 10 are dropped.
    fraction = (value << (np.uint64(63) - exponent.astype(np.uint64)) << np.uint64(1)) >> np.uint64(32)
    segment = (fraction >> np.uint64(26)).astype(np.int64)
    position = ((fraction >> np.uint64(10)) & np.uint64(0xFFFF)).astype(np.int64)
    low = table[segment].astype(np.int64)
    high = table[segment + 1].astype(np.int64)
    return (exponent << 16) + low + (((high - low) * position) >> 16)


def exp2_negative_q20(distance: Int64, table: NDArray[np.int32]) -> Int64:
    """``2 ** -(distance / 2**16)`` in Q20 for ``distance >= 0``; 0 from 21 octaves on.

    Args:
        distance: how far below the reference, log2 units in Q16.
        table: (65,) ``2 ** (-i/64)`` in Q20.
    """
    octaves = distance >> 16
    segment = (distance >> 10) & 63
    position = distance & 1023
    high = table[segment].astype(np.int64)
    low = table[segment + 1].astype(np.int64)
    significand = high - (((high - low) * position) >> 10)
    kept = np.minimum(octaves, 31)
    rounded = (significand + ((np.int64(1) << kept) >> 1)) >> kept
    return np.where(octaves > 20, 0, rounded)


def divide_truncating(numerator: Int64, denominator: Int64) -> Int64:
    """Integer division towards zero, as C's ``/``; ``denominator`` > 0."""
    quotient = np.abs(numerator) // denominator
    return np.where(numerator < 0, -quotient, quotient)
