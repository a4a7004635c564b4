"""Real firmware, many clips: boards that last, one that is killed among them, and one that answers wrongly."""

import multiprocessing
import os
import signal
from dataclasses import replace

import numpy as np
import pytest

from tests.builds import build_once, student_of
from tests.processes import is_gone
from toolchain.errors import LinkError, ParityError
from toolchain.link.port import open_port
from toolchain.soak import Job, make_task, problems, run_farm, run_session
from toolchain.soak.usage import descendants, usage_of_boards

OTHER_MODEL = "wav2small-72k"


@pytest.fixture(scope="module")
def wrong_task(task):
    """A board that runs the image of another student than the one its results are held against."""
    build = build_once("host", OTHER_MODEL)
    other = make_task(student_of(OTHER_MODEL), task.target, build, task.clips, seed=0, wanted=task.wanted)
    return replace(other, values=task.values)


def driver_of(board):
    (driver,) = [process for process in multiprocessing.active_children() if process.name == board]
    return driver


def firmware_of(board):
    (firmware,) = descendants(driver_of(board).pid)
    return firmware


class Ending:
    """Takes a process of one board away after so many of its batches."""

    def __init__(self, board, after, pid_of):
        self.board, self.after, self.pid_of = board, after, pid_of

    def __call__(self, row):
        if row.board == self.board and len(row.batches) == self.after and row.figures is None and row.error is None:
            os.kill(self.pid_of(self.board), signal.SIGKILL)


def test_a_session_runs_every_clip_and_loses_nothing(task):
    batches = []
    assert run_session(task, 0, 1, batches.append) == "sound"
    assert sum(batch.clips for batch in batches) == sum(batch.equal for batch in batches) == task.wanted
    assert sum(batch.lost + batch.damaged + batch.restarts for batch in batches) == 0
    assert set().union(*(batch.ticks for batch in batches)) == set(range(len(task.clips)))
    assert all(batch.host.resident_kib > 0 < batch.board.resident_kib for batch in batches)


def test_the_order_is_of_the_seed_and_goes_on_where_it_was(task):
    order = task.order(0)
    whole = [next(order) for _ in range(40)]
    assert sorted(whole[:8]) == sorted(whole[8:16]) == list(range(8))
    later = task.order(13)
    assert [next(later) for _ in range(27)] == whole[13:]
    other = replace(task, seed=1).order(0)
    assert [next(other) for _ in range(40)] != whole


@pytest.mark.parametrize(
    ("pid_of", "said"),
    [
        (firmware_of, "the port /dev/"),
        (lambda board: driver_of(board).pid, "the process that drives it has ended with SIGKILL"),
    ],
)
def test_one_board_that_is_killed_is_nothing_to_the_others(task, job_of, pid_of, said):
    boards = ("host", "host 2", "host 3")
    rows = run_farm([job_of(task, board) for board in boards], Ending("host 2", 10, pid_of))
    assert [row.board for row in rows] == list(boards)
    first, killed, last = rows
    assert said in killed.error
    assert problems(killed) == [killed.error]
    assert 10 <= killed.done < task.wanted
    for row in (first, last):
        assert problems(row) == []
        assert row.figures.equal == row.figures.clips == task.wanted
        assert row.batches == ()
    assert multiprocessing.active_children() == []


def test_a_board_that_stopped_goes_on_in_another_session(task, job_of):
    (stopped,) = run_farm([job_of(task)], Ending("host", 60, firmware_of))
    assert stopped.error is not None
    (row,) = run_farm([Job(task, stopped)])
    assert problems(row) == []
    assert (row.figures.sessions, row.figures.clips, row.figures.equal) == (2, task.wanted, task.wanted)


def test_a_board_that_answers_wrongly_ends_alone_and_for_good(task, wrong_task, job_of):
    wrong, right = run_farm([job_of(wrong_task, "wrong"), job_of(task)])
    assert "clip 1: the board's answer" in wrong.error
    assert (wrong.done, wrong.wrong) == (1, 1)
    assert problems(right) == []
    (again,) = run_farm([Job(wrong_task, wrong)])
    assert again == wrong


def test_a_wrong_result_late_in_a_session_is_counted_and_ends_it(task):
    values = (*task.values[:-1], task.values[-1] + np.int32(1))
    batches = []
    with pytest.raises(ParityError, match="the board's answer"):
        run_session(replace(task, values=values), 0, 1, batches.append)
    assert batches[-1].clips - batches[-1].equal == 1
    assert sum(batch.clips for batch in batches) <= len(task.clips)


class LatePort:
    """After every other request, looks as if nothing had come in yet."""

    def __init__(self, port):
        self._port, self._requests, self._late = port, 0, False

    def write(self, data):
        self._requests += 1
        self._late = self._requests % 2 == 0
        return self._port.write(data)

    def read(self, most):
        if self._late:
            self._late = False
            return b""
        return self._port.read(most)

    def close(self):
        self._port.close()


def test_a_board_that_dies_as_it_is_measured_leaves_no_batch_of_nothing(task, monkeypatch):
    others, batches = descendants(os.getpid()), []

    def usage_after_the_end():
        if len(batches) == 2:
            for pid in descendants(os.getpid()) - others:
                os.kill(pid, signal.SIGKILL)
                assert is_gone(pid)
        return usage_of_boards()

    monkeypatch.setattr("toolchain.soak.session.usage_of_boards", usage_after_the_end)
    with pytest.raises(LinkError, match="the port /dev/"):
        run_session(task, 0, 1, batches.append)
    assert len(batches) == 2


def test_an_answer_that_is_late_is_not_lost(task, monkeypatch):
    def open_late(*arguments, **options):
        return LatePort(open_port(*arguments, **options))

    monkeypatch.setattr("toolchain.link.channel.open_port", open_late)
    monkeypatch.setattr("toolchain.link.timing.LONGEST_SILENCE", -1.0)  # asks again after one look in vain
    batches = []
    run_session(replace(task, wanted=20), 0, 1, batches.append)
    assert sum(batch.repeated for batch in batches) >= 20
    assert sum(batch.lost for batch in batches) == 0


def test_a_board_with_another_image_is_refused(task):
    with pytest.raises(LinkError, match="not the build at hand"):
        run_session(replace(task, build_id=bytes(8)), 0, 1, lambda batch: None)


def test_an_interruption_ends_every_process_and_its_board(task, job_of):
    def interrupt(row):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_farm([job_of(task, "host"), job_of(task, "host 2")], interrupt)
    assert multiprocessing.active_children() == []
