"""One open session with one board, and clip after clip in it."""

import time
from collections.abc import Callable, Iterator

import numpy as np

from toolchain.errors import LinkError, ParityError
from toolchain.flash import open_board
from toolchain.link import Board
from toolchain.link.counts import Counts
from toolchain.link.health import describe_reset
from toolchain.link.protocol import ImageState
from toolchain.soak.prepare import Task
from toolchain.soak.report import Batch
from toolchain.soak.usage import usage_of_boards, usage_of_host

#: A request that is itself repeated leaves an answer on its way; so many in a row are not.
_REQUESTS_TO_REST = 5


def run_session(task: Task, done: int, session: int, report: Callable[[Batch], None]) -> str:
    """Start a board and run what is left of its clips.

    Args:
        task: what it runs.
        done: clips that were run in earlier sessions.
        session: the number of this one, from 1.
        report: called after every batch.

    Returns:
        What the board says of itself at the end: "sound", or what is wrong.

    Raises:
        FlashError: if the board cannot be started.
        MissingToolError: if its emulator is not installed.
        LinkError: if it stops answering, or is damaged.
        ParityError: if a result is not the reference's; the batch up to it has been reported.
    """
    with open_board(task.target, task.elf) as url, Board(url, timeout=task.timeout) as board:
        board.require(build_id=task.build_id, model_hash=task.model_hash)
        if (health := _health(board, task)) != "sound":
            raise LinkError(f"before the first clip the board on {url} is not sound: {health}", "flash the board again")
        # What the line held from before is answered before this clip's result: only what follows is counted.
        board.infer(task.clips[0], exact_ticks=True)
        order = task.order(done)
        while done < task.wanted:
            batch, wrong = _run_batch(board, task, order, session, done)
            report(batch)
            if wrong is not None:
                raise wrong
            done += batch.clips
        return _health(board, task)


def _run_batch(
    board: Board, task: Task, order: Iterator[int], session: int, done: int
) -> tuple[Batch, ParityError | None]:
    """Run one batch, up to the first wrong result if there is one."""
    clips, wrong = 0, None
    ticks: dict[int, int] = {}
    before, start = board.counts, time.monotonic()
    while wrong is None and clips < min(task.batch, task.wanted - done):
        index = next(order)
        clips += 1
        repeats = _repeats(board.counts)
        try:
            result = board.infer(task.clips[index], exact_ticks=True)
        except LinkError as error:
            raise LinkError(f"clip {done + clips:,}: {error.message}", error.hint) from error
        if _repeats(board.counts) == repeats:
            ticks[index] = min(result.ticks, ticks.get(index, result.ticks))
        if not np.array_equal(result.values, task.values[index]):
            said, right = result.values.tolist(), task.values[index].tolist()
            wrong = ParityError(f"clip {done + clips:,}: the board's answer {said} is not the reference's, {right}")
    # In this order: the request that follows shows that the board still ran when it was measured.
    host_usage, board_usage = usage_of_host(), usage_of_boards()
    stack_used, counts = _at_rest(board, before)
    batch = Batch(
        session=session,
        clips=clips,
        equal=clips - (wrong is not None),
        seconds=round(time.monotonic() - start, 3),
        lost=max(0, counts.sent - counts.answered),
        damaged=counts.damaged,
        repeated=_repeats(counts),
        restarts=max(counts.starts, counts.restarts),
        ticks=dict(sorted(ticks.items())),
        stack_used=stack_used,
        host=host_usage,
        board=board_usage,
    )
    return batch, wrong


def _at_rest(board: Board, before: Counts) -> tuple[int, Counts]:
    """The most its stack has held, and what was counted once no answer is on its way.

    Answers come in order: after one more request has been answered, so have been all that were late.
    """
    for _ in range(_REQUESTS_TO_REST):
        stack_used = board.memory().stack_used
        counts = board.counts.since(before)
        if counts.sent == counts.answered:
            break
    return stack_used, counts


def _repeats(counts: Counts) -> int:
    return counts.repeated + counts.resynchronised


def _health(board: Board, task: Task) -> str:
    """What the board says of itself: "sound", or what is wrong."""
    health = board.health()
    if health.image == ImageState.DAMAGED:
        return "its image is damaged"
    if task.image_crc is not None and health.image_crc != task.image_crc:
        return f"its image has the checksum {health.image_crc:08x}, not the build's {task.image_crc:08x}"
    if reset := describe_reset(health):
        return f"it was reset by {reset}"
    return "sound"
