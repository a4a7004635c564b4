"""How long the host waits before it asks again, and before it gives up."""

import pytest

from toolchain.link.timing import LONGEST_REPEAT, LONGEST_SILENCE, SHORTEST_SILENCE, Deadline, NoProgress, RoundTrip


def test_silence_is_short_before_anything_is_measured():
    assert RoundTrip().silence() == SHORTEST_SILENCE


def test_silence_follows_what_is_measured_within_its_bounds():
    line = RoundTrip()
    for _ in range(50):
        line.measured(0.1)
    assert 0.1 < line.silence() < 0.11
    for _ in range(50):
        line.measured(30.0)
    assert line.silence() == LONGEST_SILENCE
    for _ in range(200):
        line.measured(0.001)
    assert line.silence() == SHORTEST_SILENCE


def test_silence_doubles_with_every_repeat_up_to_a_bound():
    line = RoundTrip()
    silences = [line.silence(repeats) for repeats in range(10_000)]
    assert silences[:4] == [SHORTEST_SILENCE * 2**n for n in range(4)]
    assert silences == sorted(silences)
    assert silences[-1] == LONGEST_REPEAT


def test_a_patient_host_does_not_ask_early():
    line = RoundTrip()
    line.patient = True
    assert line.silence() == LONGEST_SILENCE


def test_a_deadline_passes_unless_there_is_progress():
    Deadline(60, "nothing").check()
    late = Deadline(-1, "no answer", "look at the cable")
    with pytest.raises(NoProgress, match="no answer within -1 s") as caught:
        late.check()
    assert caught.value.hint == "look at the cable"
