"""A board that starts again in a session is asked what it is, whenever that was noticed: it may be another image."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.link.scripted_board import HELLO
from toolchain.errors import LinkError
from toolchain.faults.boards import ProcessBoard, board_of
from toolchain.faults.fault import Direction, Fault, Kind
from toolchain.faults.proxy import Proxy
from toolchain.link import Board, Source
from toolchain.link.frames import DELIMITER, encode
from toolchain.link.protocol import Error, ErrorCode, to_frame
from toolchain.reference.engine import run
from toolchain.target import load_target

TIMEOUT = 3.0
OTHER = bytes(range(1, 9))

ANNOUNCEMENTS = {
    "hello": DELIMITER + encode(to_frame(HELLO, 0)),
    "damaged": DELIMITER + encode(to_frame(Error(ErrorCode.IMAGE_DAMAGED), 0)),
}


@pytest.fixture(scope="module")
def expected(student, pcm):
    return run(student, pcm).output


@pytest.fixture
def other_elf(build, tmp_path) -> Path:
    """The same firmware under another build id."""
    content = build.elf.read_bytes()
    assert content.count(build.build_id) == 1
    elf = tmp_path / "other.elf"
    elf.write_bytes(content.replace(build.build_id, OTHER))
    elf.chmod(0o755)
    return elf


@contextmanager
def session(build, faults=(), back_as: Path | None = None) -> Iterator[tuple[Proxy, Board]]:
    """A board that a reset turns into another one, and a session that requires the first."""
    with board_of(load_target("host"), build.elf) as firmware, Proxy(firmware, faults) as proxy:
        if back_as is not None:
            assert isinstance(firmware, ProcessBoard)
            firmware._command = [str(back_as)]
        with Board(proxy.url, timeout=TIMEOUT) as board:
            board.require(build_id=build.build_id, model_hash=build.model_hash)
            yield proxy, board


def reset_at(frame: int) -> Fault:
    return Fault(Direction.TO_BOARD, frame, Kind.RESET, 5)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("frame", [1, 2, 8, 15], ids=["begin", "first audio", "audio", "end"])
def test_a_board_that_comes_back_as_another_in_a_clip_is_refused(build, other_elf, pcm, frame):
    named = pytest.raises(LinkError, match=f"runs build {OTHER.hex()} .*, not the build .*{build.build_id.hex()}")
    with session(build, [reset_at(frame)], other_elf) as (_, board), named:
        board.infer(pcm)


@pytest.mark.usefixtures("patient")
def test_a_board_that_comes_back_as_another_between_clips_is_refused(build, other_elf, pcm, expected):
    with session(build, [reset_at(16)], other_elf) as (proxy, board):
        assert np.array_equal(board.infer(pcm).values, expected)
        assert not proxy.happened
        for ask in (lambda: board.infer(pcm), board.memory, board.hello, lambda: board.listen(800, Source.HOST)):
            with pytest.raises(LinkError, match=f"runs build {OTHER.hex()} .*, not the build at hand"):
                ask()


@pytest.mark.usefixtures("patient")
def test_nor_is_it_believed_if_its_announcement_is_lost(build, other_elf, pcm, expected):
    """The first frame that comes back after the reset is the announcement."""
    lost = Fault(Direction.TO_HOST, 16, Kind.LOSE_FRAME)
    with session(build, [reset_at(16), lost], other_elf) as (proxy, board):
        assert np.array_equal(board.infer(pcm).values, expected)
        with pytest.raises(LinkError, match=f"runs build {OTHER.hex()}"):
            board.infer(pcm)
        assert lost in proxy.happened


def test_a_board_that_comes_back_as_itself_goes_on(build, pcm, expected):
    faults = [reset_at(frame) for frame in (1, 9, 45)]
    with session(build, faults) as (proxy, board):
        for _ in range(3):
            assert np.array_equal(board.infer(pcm).values, expected)
        assert proxy.happened == faults


@pytest.mark.parametrize("announcement", ANNOUNCEMENTS.values(), ids=ANNOUNCEMENTS.keys())
def test_an_announcement_that_lies_unread_is_noticed_by_the_next_request(build, pcm, expected, announcement):
    with session(build) as (proxy, board):
        assert np.array_equal(board.infer(pcm).values, expected)
        proxy._host_end.write(announcement)
        with pytest.raises(LinkError, match="restarted before it answered"):
            board.memory()
        assert not board._channel.in_session
        board.memory()
        proxy._host_end.write(announcement)
        assert board.health().reset == 0
        proxy._host_end.write(announcement)
        with board.listen(800, Source.HOST) as listening:
            assert len(list(listening.results_of([pcm], real_time=False))) == 2
        proxy._host_end.write(announcement)
        assert np.array_equal(board.infer(pcm).values, expected)


def test_an_announcement_in_the_middle_of_a_clip_begins_it_again_at_once(build, pcm, expected):
    with session(build) as (proxy, board):
        seen = []

        def announce(samples: int) -> None:
            if not seen:
                proxy._host_end.write(ANNOUNCEMENTS["hello"])
            seen.append(samples)

        assert np.array_equal(board.infer(pcm, on_progress=announce).values, expected)
        assert board.counts.restarts == 1
        assert seen.count(len(pcm)) == 1, "only the second run of the clip came to its end"


def test_an_announcement_ends_a_listening(build, pcm):
    with session(build) as (proxy, board):
        listening = board.listen(800, Source.HOST)
        proxy._host_end.write(ANNOUNCEMENTS["hello"])
        with pytest.raises(LinkError, match="restarted while it listened"):
            list(listening.results_of([pcm], real_time=False))
        assert board.hello().build_id == build.build_id
