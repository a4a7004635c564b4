"""Bootstrap intervals."""

import numpy as np
import pytest

from toolchain.distill.scores import agreement


def noisy(count, noise, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.random((count, 3)).astype(np.float32)
    return (truth + noise * rng.standard_normal((count, 3))).astype(np.float32), truth


def test_value_lies_in_its_interval_and_more_recordings_narrow_it():
    few, many = (agreement(*noisy(count, 0.2))["valence"] for count in (40, 1000))
    for score in (few, many):
        assert score.low < score.value < score.high
    assert many.high - many.low < 0.5 * (few.high - few.low)


def test_the_same_again():
    assert agreement(*noisy(30, 0.1)) == agreement(*noisy(30, 0.1))


def test_an_interval_covers_the_truth_about_as_often_as_it_says():
    """The CCC of truth and truth plus noise is known: 2 v / (2 v + s^2), v = 1/12 for a uniform truth."""
    expected = 2 / 12 / (2 / 12 + 0.2**2)
    hits = [s.low <= expected <= s.high for seed in range(40) for s in agreement(*noisy(60, 0.2, seed)).values()]
    assert np.mean(hits) == pytest.approx(0.95, abs=0.07)
