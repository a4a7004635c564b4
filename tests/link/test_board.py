"""A session with the firmware over an undamaged line, and everything a board may be refused for."""

import subprocess
import time

import numpy as np
import pytest

from tests.builds import student_of
from toolchain.audio.statistics import WindowStatistics
from toolchain.errors import LinkError
from toolchain.link import Board, WindowNormaliser
from toolchain.reference.engine import run
from toolchain.reference.running import RunningEstimate


@pytest.fixture
def board(device):
    with Board(device, timeout=2.0) as board:
        yield board


def test_hello_says_what_runs_on_the_board(board, build, student):
    hello = board.require(build_id=build.build_id, model_hash=build.model_hash)
    assert (hello.target, hello.model) == ("host", student.model)
    assert hello.model_hash == student.digest()[:8]


@pytest.mark.parametrize("samples", [64, 65, 3200, 16_001])
def test_values_are_those_of_the_reference(board, student, samples):
    pcm = (np.random.default_rng(samples).normal(size=samples) * 5000).astype(np.int16)
    for exact_ticks in (False, True):
        result = board.infer(pcm, exact_ticks=exact_ticks)
        assert np.array_equal(result.values, run(student, pcm).output)
        assert result.ticks > 0


def test_a_running_estimate_begins_with_every_window(board, student, pcm):
    trace = run(student, pcm, RunningEstimate())
    for _ in range(2):
        assert np.array_equal(board.infer(pcm, normaliser=WindowNormaliser.RUNNING).values, trace.output)
        assert np.array_equal(board.infer(pcm).values, run(student, pcm).output)
    rows = board.tap(student.layer_names.index("logmel"), pcm, WindowNormaliser.RUNNING)
    assert np.array_equal(rows, trace.rows["logmel"])


def test_every_layer_can_be_tapped(board, student, pcm):
    rows = run(student, pcm).rows
    for layer, name in enumerate(student.layer_names):
        expected = np.ascontiguousarray(rows[name]).view(np.int8).reshape(len(rows[name]), -1)
        assert np.array_equal(board.tap(layer, pcm), expected), name


def test_progress_ends_at_the_last_sample(board, pcm):
    seen = []
    board.infer(pcm, on_progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == len(pcm)


def test_another_session_finds_the_board_as_it_is(device, student, pcm):
    """The first session ends in the middle of a window; the second does not notice."""
    with Board(device) as first, pytest.raises(KeyboardInterrupt):
        first.infer(pcm, on_progress=_interrupt)
    with Board(device) as second:
        assert np.array_equal(second.infer(pcm).values, run(student, pcm).output)


def _interrupt(samples: int) -> None:
    if samples > 1000:
        raise KeyboardInterrupt


def test_wrong_sums_give_no_result(board, pcm):
    right = WindowStatistics.of(pcm)
    wrong = WindowStatistics(right.sum + 1, right.sum_squares, right.samples)
    with pytest.raises(LinkError, match="the sums of pass 1 are not those of the audio"):
        board.infer(pcm, wrong)


@pytest.mark.parametrize(
    ("samples", "statistics", "reason"),
    [
        (63, None, "window too short"),
        (64, WindowStatistics(1 << 60, 1 << 60, 64), "impossible sums"),
    ],
)
def test_a_window_the_engine_does_not_take_is_refused(board, samples, statistics, reason):
    with pytest.raises(LinkError, match=f"refused a window of {samples} samples: {reason}"):
        board.infer(np.zeros(samples, np.int16), statistics)


def test_a_layer_that_does_not_exist_is_refused(board, student, pcm):
    with pytest.raises(LinkError, match="no such layer"):
        board.tap(len(student.layer_names), pcm)


def test_another_model_or_build_is_refused_by_name(board, build):
    other = student_of("wav2small-72k").digest()[:8]
    with pytest.raises(LinkError, match=f"runs model {build.model_hash.hex()} .* {other.hex()}"):
        board.require(build_id=build.build_id, model_hash=other)
    with pytest.raises(LinkError, match=f"runs build {build.build_id.hex()} .* {bytes(8).hex()}"):
        board.require(build_id=bytes(8), model_hash=build.model_hash)


def test_a_board_that_dies_in_the_middle_is_an_error_at_once(build, pcm):
    process = subprocess.Popen([build.elf], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process, Board(process.stdout.readline().strip(), timeout=2.0) as board:
        board.hello()
        start = time.monotonic()
        with pytest.raises(LinkError, match=r"has gone|takes no more bytes|stopped answering"):
            board.infer(pcm, on_progress=lambda samples: process.kill())
        assert time.monotonic() - start < 30.0
