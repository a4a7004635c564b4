"""How much longer a session takes for one lost or damaged frame: one session at a time, on a computer at rest."""

import statistics
from collections.abc import Callable

from toolchain.errors import LinkError
from toolchain.faults.boards import RunningBoard, board_of, is_process
from toolchain.faults.cases import Case, Plan
from toolchain.faults.fault import Direction, Fault, Kind
from toolchain.faults.report import Recovery, percentile
from toolchain.faults.run import run_case
from toolchain.faults.session import Outcome, Task

AUDIO, OTHER = "AUDIO and its answers", "other"

#: HELLO and BEGIN come before the AUDIO, END after it, in either direction.
_BEFORE, _AFTER = 2, 1

_MS = 1000

#: Undamaged sessions that the others are held against.
_UNDAMAGED = 50


def measure_recovery(
    task: Task, plan: Plan, repeats: int, progress: Callable[[], None] = lambda: None
) -> tuple[Recovery, ...]:
    """Lose and damage every frame in turn.

    Args:
        task: what every session does.
        plan: for its undamaged session and its seed.
        repeats: how often each frame is lost, and damaged.
        progress: called after each session.

    Raises:
        LinkError: if a session does not end in the right answer.
    """
    extra: dict[str, list[float]] = {AUDIO: [], OTHER: []}
    with board_of(task.target, task.elf) as board:
        usual = statistics.median(_seconds(board, task, plan, n, ()) for n in range(_UNDAMAGED))
        for number, (part, fault) in enumerate(_frame_faults(plan) * repeats):
            seconds = _seconds(board, task, plan, _UNDAMAGED + number, (fault,))
            extra[part].append(_MS * (seconds - usual))
            progress()
    return tuple(_summed_up(part, sorted(times)) for part, times in extra.items())


def can_recover(task: Task) -> bool:
    """Whether times mean something here: those of an emulated board are the emulator's."""
    return is_process(task.target)


def count_recoveries(plan: Plan, repeats: int) -> int:
    """How often `measure_recovery` calls its ``progress``."""
    return repeats * len(_frame_faults(plan))


def _frame_faults(plan: Plan) -> list[tuple[str, Fault]]:
    faults = []
    for way in Direction:
        frames = plan.passed.frames[way]
        for number, (start, length) in enumerate(frames):
            part = AUDIO if _BEFORE <= number < len(frames) - _AFTER else OTHER
            faults.append((part, Fault(way, number, Kind.LOSE_FRAME)))
            faults.append((part, Fault(way, start + length // 2, Kind.FLIP, 0)))
    return faults


def _seconds(board: RunningBoard, task: Task, plan: Plan, number: int, faults: tuple[Fault, ...]) -> float:
    ending = run_case(board, task, Case("recovery", number, faults, f"{plan.seed} recovery {number}"))
    if ending.outcome is not Outcome.RIGHT:
        raise LinkError(f"a session with {', '.join(map(str, faults)) or 'no fault'} was not repaired: {ending.said}")
    return ending.seconds


def _summed_up(part: str, ascending: list[float]) -> Recovery:
    middle, high, most = (round(percentile(ascending, p), 1) for p in (0.5, 0.99, 1.0))
    return Recovery(frames=part, cases=len(ascending), median_ms=middle, ms_99=high, most_ms=most)
