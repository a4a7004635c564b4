"""The running estimate against its definition in double precision."""

import numpy as np
import pytest

from tests.random_student import random_student
from toolchain.audio.statistics import WindowStatistics
from toolchain.reference.frontend import normaliser
from toolchain.reference.running import RunningEstimate, running_normaliser

FRONT_END = random_student("wav2small-17k").front_end


@pytest.fixture
def pcm() -> np.ndarray:
    return (np.random.default_rng(0).normal(size=3200) * 500 + 77).astype(np.int16)


def test_the_first_window_is_summed_exactly(pcm):
    after = RunningEstimate().hear(pcm)
    assert len(after) == 100
    assert after[40] == WindowStatistics.of(pcm[: 41 * 32])


def test_what_is_left_of_a_hop_is_not_heard(pcm):
    assert RunningEstimate().hear(pcm[:95])[-1] == WindowStatistics.of(pcm[:64])


def test_all_that_was_heard_counts_as_one_hop_of_the_next_window(pcm):
    running = RunningEstimate()
    first, second = pcm[:1600], pcm[1600:]
    running.hear(first)
    running.begin_window()
    sums = running.hear(second)[2]
    assert sums.samples == 32 + 96
    assert sums.sum == int(np.floor(first.mean() * 32)) + int(second[:96].sum())
    squares = (first.astype(float) ** 2).mean() * 32 + (second[:96].astype(float) ** 2).sum()
    assert sums.sum_squares == int(squares)


def test_a_window_of_nothing_heard_changes_nothing(pcm):
    running = RunningEstimate()
    running.begin_window()
    assert running.hear(pcm[:32]) == [WindowStatistics.of(pcm[:32])]
    running.begin_window()
    assert running.hear(pcm[:32]) == [WindowStatistics.of(np.tile(pcm[:32], 2))]


def test_constants_follow_mean_and_power_from_hop_to_hop(pcm):
    pcm[1600:] //= 20
    constants = running_normaliser(RunningEstimate(), pcm, FRONT_END)
    assert len(constants.mean) == 1 + (len(pcm) - 64) // 32
    for frame in (0, 10, 60, 98):
        heard = pcm[: 64 + 32 * frame].astype(np.float64)
        mean = constants.mean[frame] + constants.mean_fraction[frame] / 32768
        assert mean == pytest.approx(heard.mean(), abs=1e-4)
        power = np.log2(heard.var() + 1e-7 * 32768**2)
        assert constants.log2_power[frame] / 65536 == pytest.approx(power, abs=2e-4)


def test_a_centred_models_outer_frames_wait_for_no_hop(pcm):
    centred = random_student("wav2small-72k").front_end
    for samples, hops in ((33, (0, 0)), (64, (0, 1, 1)), (100, (0, 1, 2, 2))):
        constants = running_normaliser(RunningEstimate(), pcm[:samples], centred)
        expected = normaliser([WindowStatistics.of(pcm[: 32 * (hop + 1)]) for hop in hops], centred)
        assert np.array_equal(constants.log2_power, expected.log2_power)
        assert np.array_equal(constants.mean, expected.mean)


@pytest.mark.parametrize("level", [1, -1, 12_345, 32_766, -32_768])
@pytest.mark.parametrize("ripple", [0, 1])
def test_rounded_sums_have_no_negative_power(level, ripple):
    """A ripple of one LSB on a large offset leaves less power than the floors of the two sums take away, or add."""
    running = RunningEstimate()
    epsilon = normaliser([WindowStatistics(0, 0, 32)], FRONT_END).log2_power[0]
    added = 4 << 16  # twice the offset in 64 samples, beside epsilon's 107
    for samples in (3168, 1056, 95):  # a hop's share of these sums is no integer
        pcm = (level + ripple * (np.arange(samples) % 3 % 2)).astype(np.int16)
        powers = running_normaliser(running, pcm, FRONT_END).log2_power
        assert (powers > epsilon - 400).all()
        assert (powers < epsilon + added).all()
