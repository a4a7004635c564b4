"""The vectorised operations against exact rational arithmetic in Python integers."""

import math
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from toolchain.quantize.tables import exp2_table, log2_table
from toolchain.reference import fixed_point as fp

int32 = st.integers(-(2**31), 2**31 - 1)


def array(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def gemmlowp(accumulator: int, multiplier: int, shift: int) -> int:
    """SaturatingRoundingDoublingHighMul, then RoundingDivideByPOT, as gemmlowp's fixedpoint.h defines them."""
    product = accumulator * multiplier
    nudge = 2**30 if product >= 0 else 1 - 2**30
    high = int(Fraction(product + nudge, 2**31))  # truncates, as C's division does
    quotient, remainder = divmod(high, 2**-shift)
    return quotient + (remainder > ((2**-shift - 1) >> 1) + (high < 0))


@given(int32, st.integers(2**30, 2**31 - 1), st.integers(-31, 0))
def test_requantise_is_gemmlowps_double_rounding(accumulator: int, multiplier: int, shift: int) -> None:
    result = fp.requantise(array(accumulator), array(multiplier), array(shift))
    assert result[0] == gemmlowp(accumulator, multiplier, shift)


def test_requantise_rounds_ties_away_from_zero_in_the_second_step() -> None:
    half = array(3, -3, 5, -5)
    assert fp.requantise(half, array(2**30), array(0)).tolist() == [2, -1, 3, -2]  # first step: towards +inf
    assert fp.requantise(half * 2, array(2**30), array(-1)).tolist() == [2, -2, 3, -3]


@given(int32, st.integers(1, 30))
def test_rounding_shift_right_is_floor_of_half_more(value: int, bits: int) -> None:
    expected = math.floor(Fraction(value, 2**bits) + Fraction(1, 2))
    assert fp.rounding_shift_right(array(value), bits)[0] == expected


@given(st.integers(-(2**30), 2**30), st.integers(-8, 22))
def test_shift_left_multiplies_by_a_power_of_two(value: int, bits: int) -> None:
    exact = value * Fraction(2) ** bits
    assert fp.shift_left(array(value), array(bits))[0] == math.floor(exact + Fraction(1, 2))


@given(st.integers(0, 2**64 - 1))
def test_bit_length_holds_over_all_of_uint64(value: int) -> None:
    assert fp.bit_length(np.array([value], np.uint64))[0] == value.bit_length()


@given(st.integers(1, 2**64 - 1))
def test_log2_is_within_its_proved_error(value: int) -> None:
    result = int(fp.log2_q16(np.array([value], np.uint64), log2_table())[0]) / 65536
    chord = math.log2(math.e) / 8 / 64**2  # of 64 segments between octaves
    rounding = 1.5 / 65536  # half a unit in the table, one in the interpolation
    assert abs(result - math.log2(value)) < chord + rounding


@given(st.integers(0, 40 * 65536))
def test_exp2_is_within_a_unit_and_the_table_error(distance: int) -> None:
    result = int(fp.exp2_negative_q20(array(distance), exp2_table())[0])
    exact = 2.0 ** (20 - distance / 65536)
    assert abs(result - exact) <= 1 + exact * 2e-5


@given(st.integers(-(2**62), 2**62), st.integers(1, 2**40))
def test_division_truncates_as_c_does(numerator: int, denominator: int) -> None:
    expected = int(Fraction(numerator, denominator))
    assert fp.divide_truncating(array(numerator), array(denominator))[0] == expected
