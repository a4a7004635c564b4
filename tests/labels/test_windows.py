"""Windows: every sample is heard, and all windows of a long recording are equally long."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolchain.errors import UsageError
from toolchain.labels.windows import Windows


@given(st.integers(1, 500), st.integers(1, 50), st.integers(1, 50))
def test_windows_are_equal_ordered_and_reach_both_ends(samples, length, hop):
    windows = Windows(length, hop).cut(samples)
    starts = [start for start, _ in windows]
    assert starts[0] == 0 and starts == sorted(set(starts))
    assert {size for _, size in windows} == {min(length, samples)}
    assert starts[-1] + windows[-1][1] == samples
    assert all(b - a == hop for a, b in pairwise(starts[:-1]))
    assert len(windows) < 2 or 0 < starts[-1] - starts[-2] <= hop


def test_examples():
    assert Windows(4, 2).cut(8) == [(0, 4), (2, 4), (4, 4)]
    assert Windows(4, 2).cut(9) == [(0, 4), (2, 4), (4, 4), (5, 4)]
    assert Windows(4, 2).cut(3) == [(0, 3)]
    assert Windows(4, 0).cut(9) == Windows(0, 2).cut(9) == [(0, 9)]


def test_seconds():
    assert Windows.of_seconds(4, 0.5) == Windows(64_000, 8000)
    assert Windows.of_seconds(0, 0) == Windows(0, 0)


@pytest.mark.parametrize("seconds", [(-1, 1), (1, -1), (float("nan"), 1), (1, float("inf")), (4000, 1), (1e-9, 1)])
def test_seconds_that_cannot_be_used(seconds):
    with pytest.raises(UsageError, match="cannot be used"):
        Windows.of_seconds(*seconds)
