import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from toolchain.audio import WindowStatistics


@given(st.lists(st.integers(-32768, 32767), max_size=200))
def test_sums_are_exact(samples):
    statistics = WindowStatistics.of(np.array(samples, dtype=np.int16))
    assert statistics == WindowStatistics(sum(samples), sum(x * x for x in samples), len(samples))


def test_a_minute_at_full_scale_does_not_overflow():
    samples = 16_000 * 60
    statistics = WindowStatistics.of(np.full(samples, -32768, dtype=np.int16))
    assert statistics == WindowStatistics(-32768 * samples, 2**30 * samples, samples)
