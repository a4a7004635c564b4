import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolchain.verify.scatter import SIDE, scatter

_VALUES = st.lists(st.floats(-3, 3), min_size=1, max_size=20)


@given(_VALUES)
def test_everything_lies_inside_and_equal_values_on_the_diagonal(values):
    plot = scatter(values, values, [""] * len(values))
    assert all(0 <= dot.x <= SIDE and 0 <= dot.y <= SIDE for dot in plot.dots)
    assert all(dot.x + dot.y == pytest.approx(SIDE, abs=0.02) for dot in plot.dots)
    assert 1 <= len(plot.ticks) <= 6
    assert all(0 <= tick.x <= SIDE for tick in plot.ticks)


def test_ticks_are_round_numbers():
    plot = scatter([0.0, 1.0], [0.0, 1.0], ["a", "b"])
    assert [tick.label for tick in plot.ticks] == ["0.0", "0.5", "1.0"]


def test_a_larger_value_is_higher_up():
    low, high = scatter([0.0, 0.0], [0.2, 0.8], ["low", "high"]).dots
    assert high.y < low.y
    assert high.title == "high"
