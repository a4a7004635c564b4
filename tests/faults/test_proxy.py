"""What the proxy does to the line and to its ends."""

import os
import time

import numpy as np
import pytest

from tests.link.attached_board import AttachedBoard
from toolchain.errors import LinkError
from toolchain.faults import board_of
from toolchain.faults.fault import Direction, Fault, Kind
from toolchain.faults.proxy import Proxy
from toolchain.faults.session import Outcome, run_session
from toolchain.link import Board
from toolchain.link.port import PortError


@pytest.fixture(scope="module")
def board(task):
    with board_of(task.target, task.elf) as board:
        yield board


def ending(board, task, *faults):
    return run_session(board, task, faults, os.urandom)


@pytest.mark.parametrize("direction", list(Direction))
def test_a_late_byte_comes_late_and_a_stalled_line_moves_again(board, task, direction):
    for kind in (Kind.DELAY, Kind.STALL):
        late = ending(board, task, Fault(direction, 10, kind, 300))
        assert late.outcome is Outcome.RIGHT
        assert 0.3 <= late.seconds < task.timeout


@pytest.mark.parametrize("direction", list(Direction))
def test_a_lost_port_is_named_at_once(board, task, direction):
    lost = ending(board, task, Fault(direction, 3, Kind.LOSE_PORT, 4))
    assert lost.outcome is Outcome.NAMED_ERROR
    assert lost.said.startswith("PortError: the port /dev/")
    assert lost.seconds < task.timeout


def test_a_session_that_is_told_of_the_ports_new_name_goes_on(board, task):
    with Proxy(board, [Fault(Direction.TO_BOARD, 3, Kind.MOVE_PORT, 9)]) as proxy:
        first = proxy.url
        with pytest.raises(PortError), Board(first, timeout=1.0) as link:
            link.infer(task.pcm)
        assert proxy.url not in (first, None)
        with Board(proxy.url, timeout=1.0) as link:
            assert np.array_equal(link.infer(task.pcm).values, task.values)


@pytest.mark.parametrize("direction", list(Direction))
def test_a_board_that_is_reset_is_begun_again_and_its_start_was_expected(board, task, direction):
    reset = Fault(direction, 4, Kind.RESET, 6)
    with Proxy(board, [reset]) as proxy, Board(proxy.url, timeout=3.0) as link:
        assert np.array_equal(link.infer(task.pcm).values, task.values)
        assert proxy.happened == [reset]
        assert proxy.unasked_starts == 0


def test_a_start_that_nobody_asked_for_is_seen(board, task):
    board.start()
    with Proxy(board, settle=False) as proxy, Board(proxy.url, timeout=3.0) as link:
        link.hello()
        assert proxy.unasked_starts == 1


def test_nothing_of_an_earlier_session_comes_into_the_next(board, task):
    """The first one ends while the board still computes and answers."""
    with Proxy(board) as proxy, Board(proxy.url) as link, pytest.raises(KeyboardInterrupt):
        link.infer(task.pcm, on_progress=_interrupt)
    with Proxy(board) as proxy:
        time.sleep(0.1)
        assert proxy.passed[Direction.TO_HOST] == 0


def _interrupt(samples: int) -> None:
    raise KeyboardInterrupt


def test_a_board_that_does_not_answer_beforehand_is_named(monkeypatch):
    monkeypatch.setattr("toolchain.faults.proxy._STEP_SECONDS", 0.2)
    master, slave = os.openpty()
    with pytest.raises(LinkError, match="does not answer before anything went wrong"):
        Proxy(AttachedBoard(os.ttyname(slave))).__enter__()
    os.close(master)
    os.close(slave)
