import numpy as np
import pytest

from tests.random_student import random_student
from tests.verify.fake_board import FakeBoard
from toolchain.audio import Clip
from toolchain.errors import ParityError
from toolchain.model_names import Normalisation
from toolchain.reference.engine import run
from toolchain.reference.running import RunningEstimate
from toolchain.verify.parity import Difference, compare


@pytest.fixture(scope="module")
def student():
    return random_student("wav2small-17k")


@pytest.fixture(scope="module")
def clips(speech_clips):
    return [Clip(f"{index}.wav", 0, pcm[:8000]) for index, pcm in enumerate(speech_clips[:3])]


def _float_student(pcm):
    return np.array([0.1, 0.2, 0.3], dtype=np.float32)


def _compare(student, clips, fault):
    return compare(FakeBoard(student, fault), student, _float_student, clips)


def test_a_right_board_is_equal_on_every_clip(student, clips):
    seen = []
    parity = compare(FakeBoard(student), student, _float_student, clips, seen.append)
    assert parity.equal_clips == 3
    assert parity.first_difference is None
    assert tuple(seen) == parity.clips
    first = parity.clips[0]
    assert first.board == tuple(run(student, clips[0].pcm).output)
    assert first.float_student == pytest.approx((0.1, 0.2, 0.3))
    assert first.sha256 == clips[0].sha256
    assert first.ticks == 256 * 8000


def test_a_running_estimate_hears_nothing_but_the_clip(student, clips):
    board, expected = FakeBoard(student), [run(student, clip.pcm, RunningEstimate()).output for clip in clips]
    parity = compare(board, student, _float_student, clips, normalisation=Normalisation.RUNNING)
    assert parity.equal_clips == 3
    assert [clip.board for clip in parity.clips] == [tuple(output) for output in expected]
    assert parity.clips != compare(board, student, _float_student, clips).clips


def test_a_difference_is_looked_for_in_the_mode_it_appeared_in(student, clips):
    def fault(trace):
        trace.output[1] += 1
        trace.rows["logmel"][4, 9] ^= 1

    board = FakeBoard(student, fault)
    parity = compare(board, student, _float_student, clips, normalisation=Normalisation.RUNNING)
    right = int(run(student, clips[0].pcm, RunningEstimate()).rows["logmel"][4, 9])
    assert parity.first_difference == Difference("0.wav", "logmel", 4, 9, right ^ 1, right)


def test_the_first_layer_that_differs_is_named(student, clips):
    def fault(trace):
        trace.output[1] += 1
        trace.rows["conv5"][7, 2, 3] ^= 1
        trace.rows["conv6"][0, 0, 0] ^= 1

    parity = _compare(student, clips, fault)
    assert parity.equal_clips == 0
    right = int(run(student, clips[0].pcm).rows["conv5"][7, 2, 3])
    assert parity.first_difference == Difference("0.wav", "conv5", 7, 2 * 13 + 3, right ^ 1, right)


def test_int32_rows_are_compared_as_numbers(student, clips):
    def fault(trace):
        trace.output[0] += 1
        trace.rows["pooled"][0, 100] += 1000

    difference = _compare(student, clips, fault).first_difference
    assert (difference.layer, difference.row, difference.index) == ("pooled", 0, 100)
    assert difference.board - difference.reference == 1000


def test_a_fault_behind_the_last_layer_is_found_in_the_output(student, clips):
    def fault(trace):
        trace.output[2] -= 5

    difference = _compare(student, clips, fault).first_difference
    assert (difference.layer, difference.index) == ("output", 2)
    assert difference.reference - difference.board == 5


def test_missing_rows_are_an_error_that_names_the_layer(student, clips):
    def fault(trace):
        trace.output[0] += 1
        trace.rows["pool"] = trace.rows["pool"][:-1]

    with pytest.raises(ParityError, match="layer 'pool' have the shape"):
        _compare(student, clips, fault)
