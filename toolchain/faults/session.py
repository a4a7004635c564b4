"""One session through a faulty line, and how it ended: the right answer, a named error, or neither."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import FrameType

import numpy as np
from numpy.typing import NDArray

from toolchain.errors import FlashError, LinkError
from toolchain.faults.boards import RunningBoard
from toolchain.faults.ends import end_of_board
from toolchain.faults.fault import Direction, Fault, Kind
from toolchain.faults.proxy import Proxy, bring_into_step
from toolchain.link import Board
from toolchain.link.health import describe_reset
from toolchain.link.port import PortError
from toolchain.link.protocol import ImageState, ResetKind
from toolchain.target import Target

#: How often a host that is told of the port's new name goes on with it.
_MOVES = 8

#: How long a board whose port has gone may take to end.
_DYING_SECONDS = 5.0


class Outcome(StrEnum):
    """How a session ended."""

    RIGHT = "right"
    NAMED_ERROR = "named_error"
    WRONG = "wrong"
    HANG = "hang"


#: How a session may end.
ALLOWED = (Outcome.RIGHT, Outcome.NAMED_ERROR)


@dataclass(frozen=True)
class Task:
    """What every session does.

    Attributes:
        target: the board.
        elf: its image.
        build_id: what the board's hello must carry.
        model_hash: likewise.
        pcm: int16 (N,): the clip.
        values: int32 (3,): what the integer reference makes of it.
        timeout: seconds without progress after which the link gives up.
        limit: seconds after which a session counts as hung.
    """

    target: Target
    elf: Path
    build_id: bytes
    model_hash: bytes
    pcm: NDArray[np.int16]
    values: NDArray[np.int32]
    timeout: float
    limit: float


@dataclass(frozen=True)
class Ending:
    """How one session ended.

    Attributes:
        outcome: see `Outcome`.
        seconds: from opening the port to the answer or the error.
        said: the error's class and message, or what is wrong; "" for a right answer.
        happened: how many of the faults did.
    """

    outcome: Outcome
    seconds: float
    said: str
    happened: int


class _TooLong(BaseException):
    """The session's time is over. No `Exception`, so that nothing in the session takes it for one of its own."""


@dataclass(frozen=True)
class Passed:
    """What an undamaged session puts on the line.

    Attributes:
        bytes: in each direction.
        frames: first byte and length of each frame, in each direction.
    """

    bytes: dict[Direction, int]
    frames: dict[Direction, tuple[tuple[int, int], ...]]


def undamaged(board: RunningBoard, task: Task, entropy: Callable[[int], bytes]) -> tuple[Passed, int]:
    """Run a session over an undamaged line.

    Returns:
        What passed, and how often something was repeated although nothing was lost: an answer was late.

    Raises:
        LinkError: if even that fails or its answer is not right.
    """
    with Proxy(board) as proxy:
        assert proxy.url is not None
        with Board(proxy.url, timeout=task.timeout, entropy=entropy) as link:
            values, counts = _values(link, task), link.counts
        if not np.array_equal(values, task.values):
            raise LinkError("the board's answer over an undamaged line is not the reference's")
        frames = {way: tuple((frame.start, frame.length) for frame in proxy.frames[way]) for way in Direction}
        return Passed(dict(proxy.passed), frames), counts.repeated + counts.resynchronised


def run_session(board: RunningBoard, task: Task, faults: Sequence[Fault], entropy: Callable[[int], bytes]) -> Ending:
    """Run one session with these faults.

    The board is left running, and started again where a fault has killed it.

    Args:
        board: the board.
        task: what the session does.
        faults: what goes wrong.
        entropy: where its random tokens and numbers come from.
    """
    try:
        ending, killed = _through_proxy(board, task, faults, entropy)
    except (LinkError, OSError, FlashError) as error:
        ending, killed = Ending(Outcome.WRONG, 0.0, f"the board was not ready: {error}", 0), False
    complaint = board.complaint()
    if complaint is None and ending.outcome is Outcome.NAMED_ERROR and not killed:
        complaint = _silence(board)
    if complaint is not None:
        ending = replace(ending, outcome=Outcome.WRONG, said=complaint)
    if killed or ending.outcome not in ALLOWED:
        board.start()
    return ending


def _through_proxy(
    board: RunningBoard, task: Task, faults: Sequence[Fault], entropy: Callable[[int], bytes]
) -> tuple[Ending, bool]:
    """How the session ends, and whether one of its faults has killed the board."""
    with Proxy(board, faults) as proxy:
        outcome, seconds, said = _timed(lambda: _judged(proxy, task, entropy), task.limit)
    happened = proxy.happened
    if proxy.error is not None:
        outcome, said = Outcome.WRONG, f"the proxy failed: {proxy.error!r}"
    elif proxy.unasked_starts > 0:
        outcome, said = Outcome.WRONG, "the board started again by itself"
    killed = any(fault.kind is Kind.KILL for fault in happened)
    return Ending(outcome, seconds, said, len(happened)), killed


def _silence(board: RunningBoard) -> str | None:
    """After an error: what is wrong with the board, if it was the board that failed and not the line."""
    try:
        end = end_of_board(board.url)
        try:
            bring_into_step(end)
        finally:
            end.close()
    except (LinkError, OSError) as error:
        return _last_words(board) or f"the board is silent after an undamaged line is back: {error}"
    return None


def _last_words(board: RunningBoard) -> str | None:
    """What a board that is dying says; a sanitizer takes its time to write down what it has found."""
    give_up = time.monotonic() + _DYING_SECONDS
    while (complaint := board.complaint()) is None and time.monotonic() < give_up:
        time.sleep(_DYING_SECONDS / 100)
    return complaint


def _talk(proxy: Proxy, task: Task, entropy: Callable[[int], bytes]) -> NDArray[np.int32]:
    """The whole session; one whose port has moved begins again on the new one."""
    url = proxy.url
    for _ in range(_MOVES):
        if url is None:
            break
        try:
            with Board(url, timeout=task.timeout, entropy=entropy) as board:
                return _values(board, task)
        except PortError:
            if proxy.url in (url, None):
                raise
            url = proxy.url
    raise LinkError("the port went away again and again")


def _values(board: Board, task: Task) -> NDArray[np.int32]:
    board.require(build_id=task.build_id, model_hash=task.model_hash)
    _require_health(board)
    return board.infer(task.pcm).values


class _Unhealthy(Exception):
    """No fault on the line damages an image or makes the firmware fault."""


def _require_health(board: Board) -> None:
    health = board.health()
    if health.image == ImageState.DAMAGED or health.reset != ResetKind.UNKNOWN:
        raise _Unhealthy(f"image {health.image}, last reset by {describe_reset(health) or 'nothing'}")


def _judged(proxy: Proxy, task: Task, entropy: Callable[[int], bytes]) -> tuple[Outcome, str]:
    try:
        values = _talk(proxy, task, entropy)
    except LinkError as error:
        return Outcome.NAMED_ERROR, f"{type(error).__name__}: {error.message}"
    except Exception as error:
        return Outcome.WRONG, f"not a LinkError: {error!r}"
    if np.array_equal(values, task.values):
        return Outcome.RIGHT, ""
    return Outcome.WRONG, f"the answer {values.tolist()} is not {task.values.tolist()}"


def _timed(work: Callable[[], tuple[Outcome, str]], limit: float) -> tuple[Outcome, float, str]:
    start = time.monotonic()
    try:
        with _ended_after(limit):
            outcome, said = work()
    except _TooLong:
        outcome, said = Outcome.HANG, f"no end within {limit:g} s"
    return outcome, time.monotonic() - start, said


@contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """Raise `_TooLong` in the block when it takes longer. For the main thread of a process on Unix."""

    def end(number: int, frame: FrameType | None) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
