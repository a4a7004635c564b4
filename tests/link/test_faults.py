"""Whatever the line does, the answer is right or there is none."""

import random
import time

import numpy as np
import pytest

from tests.link.attached_board import AttachedBoard
from toolchain.errors import LinkError
from toolchain.faults.boards import board_of
from toolchain.faults.fault import Direction, Fault, Kind, random_fault
from toolchain.faults.proxy import Proxy
from toolchain.link import Board
from toolchain.reference.engine import run
from toolchain.target import load_target

#: Bytes of a whole session, hello to result, of the clip used here; measured in `test_an_undamaged_line`.
SESSION_BYTES = {Direction.TO_BOARD: 3450, Direction.TO_HOST: 310}

TIMEOUT = 3.0

#: A busy machine may hold a process up for longer than what is measured here.
ATTEMPTS = 10

#: What happens to single bytes, and time.
LINE_KINDS = (Kind.FLIP, Kind.DROP, Kind.DUPLICATE, Kind.INSERT, Kind.REORDER, Kind.DELAY, Kind.STALL)


@pytest.fixture(scope="module")
def expected(student, pcm):
    return run(student, pcm).output


def infer_through(device, build, pcm, faults):
    """Values from a board behind a damaged line, and how many seconds that took."""
    with Proxy(AttachedBoard(device), faults) as proxy, Board(proxy.url, timeout=TIMEOUT) as board:
        start = time.monotonic()
        board.require(build_id=build.build_id, model_hash=build.model_hash)
        values = board.infer(pcm).values
        return values, time.monotonic() - start


@pytest.mark.usefixtures("patient")
def test_an_undamaged_line(device, build, pcm, expected):
    with Proxy(AttachedBoard(device)) as proxy, Board(proxy.url) as board:
        board.hello()
        assert np.array_equal(board.infer(pcm).values, expected)
        for direction, length in SESSION_BYTES.items():
            assert length <= proxy.passed[direction] < 1.2 * length


def test_a_single_fault_is_always_repaired(device, build, pcm, expected):
    generator = random.Random(1)
    for _ in range(100):
        fault = random_fault(generator, SESSION_BYTES, {}, LINE_KINDS)
        values, _ = infer_through(device, build, pcm, [fault])
        assert np.array_equal(values, expected), fault


def test_many_faults_end_in_the_right_answer_or_a_named_error(device, build, pcm, expected):
    generator = random.Random(2)
    right = 0
    for _ in range(30):
        faults = [random_fault(generator, SESSION_BYTES, {}, LINE_KINDS) for _ in range(generator.randint(2, 12))]
        try:
            values, _ = infer_through(device, build, pcm, faults)
        except LinkError:
            continue
        assert np.array_equal(values, expected), faults
        right += 1
    assert right >= 28


def test_a_lost_frame_costs_less_than_a_tenth_of_a_second(device, build, pcm):
    """HELLO and BEGIN are frames 0 and 1; the last AUDIO frame, 14, is followed by nothing that gives it away."""
    for direction, frame in (*((Direction.TO_BOARD, n) for n in (0, 1, 2, 8, 14, 15)), (Direction.TO_HOST, 8)):
        lost = Fault(direction, frame, Kind.LOSE_FRAME)
        assert any(extra_seconds(device, build, pcm, lost) < 0.1 for _ in range(ATTEMPTS)), lost


def extra_seconds(device, build, pcm, fault):
    _, undamaged = infer_through(device, build, pcm, [])
    _, damaged = infer_through(device, build, pcm, [fault])
    return damaged - undamaged


def test_boot_noise_before_the_first_answer_is_skipped(device, build, pcm, expected):
    noise = [Fault(Direction.TO_HOST, 0, Kind.INSERT, byte) for byte in b"\xff\x00ets Jun  8 2016\r\n\x00rst:0x1"]
    values, _ = infer_through(device, build, pcm, noise)
    assert np.array_equal(values, expected)


def test_a_tap_survives_a_damaged_line(device, student, pcm):
    reference = run(student, pcm).rows["pool"]
    layer = student.layer_names.index("pool")
    generator = random.Random(3)
    lengths = {Direction.TO_BOARD: 3700, Direction.TO_HOST: 5000}
    for _ in range(20):
        fault = random_fault(generator, lengths, {}, LINE_KINDS)
        with Proxy(AttachedBoard(device), [fault]) as proxy, Board(proxy.url, timeout=TIMEOUT) as board:
            assert np.array_equal(board.tap(layer, pcm), reference.reshape(len(reference), -1))


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("direction", list(Direction))
def test_a_line_that_dies_in_the_middle_is_an_error_in_time(device, build, pcm, direction):
    dead = Fault(direction, SESSION_BYTES[direction] // 2, Kind.DROP, 10**9)
    start = time.monotonic()
    with pytest.raises(LinkError, match=r"stopped answering at sample [\d,]+ of 1,600"):
        infer_through(device, build, pcm, [dead])
    assert time.monotonic() - start < TIMEOUT + 2


@pytest.mark.parametrize("direction", list(Direction))
def test_a_board_that_restarts_in_the_middle_is_begun_again(build, pcm, expected, direction):
    """In the first AUDIO frames, and in END."""
    for frame in (3, 8, 15):
        fault = Fault(direction, frame, Kind.RESET, 5)
        with (
            board_of(load_target("host"), build.elf) as firmware,
            Proxy(firmware, [fault]) as proxy,
            Board(proxy.url, timeout=TIMEOUT) as board,
        ):
            assert np.array_equal(board.infer(pcm).values, expected), fault
            assert proxy.happened == [fault]


def test_a_board_that_restarts_again_and_again_is_an_error(build, pcm):
    faults = [Fault(Direction.TO_BOARD, frame, Kind.RESET, 5) for frame in range(7, 200, 7)]
    with (
        board_of(load_target("host"), build.elf) as firmware,
        Proxy(firmware, faults) as proxy,
        Board(proxy.url, timeout=TIMEOUT) as board,
        pytest.raises(LinkError, match="restarted 4 times in the middle of one clip"),
    ):
        board.infer(pcm)
