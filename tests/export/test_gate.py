import numpy as np
import pytest

from toolchain.errors import BuildError
from toolchain.export.gate import check_outputs, probe_signals, synthetic_voice


def test_the_difference_is_returned():
    assert check_outputs("a and b", np.float32([[0.5, 0.75]]), np.float32([[0.5, 0.5]]), 0.3) == 0.25


def test_the_message_tells_the_difference():
    with pytest.raises(BuildError, match=r"a and b differ by 0\.25, more than the 0\.1 allowed"):
        check_outputs("a and b", np.float32([0.5]), np.float32([0.75]), 0.1)


@pytest.mark.parametrize("actual", [np.nan, np.inf])
def test_what_is_not_a_number_never_passes(actual: float):
    with pytest.raises(BuildError):
        check_outputs("a and b", np.float32([actual]), np.float32([0.5]), 1e9)


def test_shapes_must_agree():
    with pytest.raises(BuildError, match="different shapes"):
        check_outputs("a and b", np.zeros((2, 3), np.float32), np.zeros((1, 3), np.float32), 1.0)


def test_probes_have_the_asked_lengths():
    clip = np.linspace(-1, 1, 16_000, dtype=np.float32)
    assert [len(signal) for signal in probe_signals([clip], [0.2, 2.0])] == [3_200, 32_000]
    assert [len(signal) for signal in probe_signals([clip] * 3, [0.2, 2.0])] == [3_200, 32_000, 3_200]


def test_the_synthetic_voice_is_in_range_and_repeatable():
    voice = synthetic_voice(1.0)
    assert voice.dtype == np.float32
    assert 0.1 < np.abs(voice).max() <= 1.0
    np.testing.assert_array_equal(voice, synthetic_voice(1.0))
