"""All cases of a plan: many boards at once, in batches that are kept as soon as they are done."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from multiprocessing.util import Finalize

from toolchain.errors import FlashError
from toolchain.faults.boards import RunningBoard, board_of
from toolchain.faults.cases import Case, Plan
from toolchain.faults.report import Failure, Progress, Tally, TargetResult
from toolchain.faults.session import ALLOWED, Ending, Outcome, Task, run_session
from toolchain.termination import unwinding

#: Sessions in a batch: what an interruption can lose.
_BATCH = 50

#: How often a case none of whose faults happened is tried again: a busy computer's repeats can push it off its place.
_ATTEMPTS = 50

#: So many failures are kept in words; the others are only counted.
_KEPT_FAILURES = 100


@dataclass(frozen=True)
class Batch:
    """Cases of one class that one worker runs one after the other."""

    kind: str
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Done:
    """What came of one case."""

    case: Case
    ending: Ending


def batches_of(plan: Plan) -> list[Batch]:
    """All batches, the same ones in every run of the same plan."""
    return [
        Batch(kind, tuple(numbers[start : start + _BATCH]))
        for kind, numbers in plan.cases().items()
        for start in range(0, len(numbers), _BATCH)
    ]


def run_case(board: RunningBoard, task: Task, case: Case) -> Ending:
    """Run one case on a board of this process."""
    for attempt in range(_ATTEMPTS):
        ending = run_session(board, task, case.faults, case.entropy(attempt))
        if ending.happened >= case.must_happen or ending.outcome not in ALLOWED:
            return ending
    return Ending(Outcome.WRONG, ending.seconds, f"the fault did not happen in {_ATTEMPTS} sessions", 0)


def run_plan(
    task: Task, plan: Plan, result: TargetResult, jobs: int, progress: Callable[[TargetResult], None]
) -> TargetResult:
    """Run what is left of a plan.

    Args:
        task: what every session does.
        plan: the cases.
        result: where an earlier run stopped, or an empty one.
        jobs: boards that run at the same time, each with a process of its own.
        progress: called after every batch with the result so far; an exception from it ends the run.

    Returns:
        The finished result, without a recovery.

    Raises:
        FlashError: if a board cannot be started, or its process ends.
    """
    assert result.unfinished is not None
    batches = batches_of(plan)
    earlier = set(result.unfinished.done)
    left = [number for number in range(len(batches)) if number not in earlier]
    run = _Run(result, tuple(plan.cases()))
    with ProcessPoolExecutor(
        jobs, multiprocessing.get_context("spawn"), initializer=_start_worker, initargs=(task, plan)
    ) as pool:
        futures = {pool.submit(_run_batch, batches[number]): number for number in left}
        try:
            for future in as_completed(list(futures)):
                done = future.result()
                run.add(futures.pop(future), done)
                progress(run.result())
        except BrokenProcessPool as error:
            raise FlashError("a process that drives a board has ended", "go on with --resume") from error
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return run.result().model_copy(update={"unfinished": None})


class _Run:
    """The result so far."""

    def __init__(self, result: TargetResult, kinds: Sequence[str]) -> None:
        assert result.unfinished is not None
        self._result, self._tally, self._kinds = result, Tally.of(result), kinds
        self._done, self._failures = set(result.unfinished.done), list(result.failures)

    def add(self, number: int, batch: list[Done]) -> None:
        """Count a finished batch."""
        self._done.add(number)
        for done in batch:
            self._tally.add(done.case.kind, done.ending.outcome, done.ending.seconds)
            if done.ending.outcome not in ALLOWED and len(self._failures) < _KEPT_FAILURES:
                self._failures.append(_failure(done))

    def result(self) -> TargetResult:
        """What is there now."""
        times = {kind: dict(sorted(counter.items())) for kind, counter in self._tally.milliseconds.items()}
        return self._result.model_copy(
            update={
                "classes": self._tally.classes(self._kinds),
                "failures": tuple(sorted(self._failures, key=self._place)),
                "unfinished": Progress(done=tuple(sorted(self._done)), milliseconds=times),
            }
        )

    def _place(self, failure: Failure) -> tuple[int, int]:
        return self._kinds.index(failure.kind), failure.number


def _failure(done: Done) -> Failure:
    case, ending = done.case, done.ending
    faults = tuple(map(str, case.faults))
    return Failure(kind=case.kind, number=case.number, outcome=ending.outcome, faults=faults, said=ending.said)


class _Worker:
    """What a worker process has: a board of its own, which runs from its first batch on."""

    def __init__(self, task: Task, plan: Plan) -> None:
        self.task, self.plan, self.singles = task, plan, plan.singles()
        self._stack = ExitStack()
        Finalize(None, self.close, exitpriority=0)

    @cached_property
    def board(self) -> RunningBoard:
        """The board, running.

        Raises:
            FlashError: if it cannot be started.
        """
        board = board_of(self.task.target, self.task.elf)
        self._stack.enter_context(board)
        return board

    def close(self) -> None:
        """Stop the board, if one runs."""
        self._stack.close()


_worker: _Worker | None = None


def _start_worker(task: Task, plan: Plan) -> None:
    """Make this process ready. Its board ends with it, and it ends with the process that started it."""
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    signal.signal(signal.SIGTERM, unwinding(1))  # the port is let go of, and the board stopped
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker = _Worker(task, plan)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run_batch(batch: Batch) -> list[Done]:
    assert _worker is not None
    cases = [_worker.plan.case(batch.kind, number, _worker.singles) for number in batch.numbers]
    try:
        return [Done(case, run_case(_worker.board, _worker.task, case)) for case in cases]
    except SystemExit:
        # The pool would take it for the result of the batch, and give this process the next one.
        _worker.close()
        os._exit(1)
