"""Several boards at once, each driven by a process of its own: what happens to one is nothing to the others."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from toolchain.errors import ToolchainError
from toolchain.soak.judge import finished
from toolchain.soak.prepare import Task
from toolchain.soak.report import Batch, Row
from toolchain.soak.session import run_session
from toolchain.termination import unwinding

#: Seconds that a process may take to stop its board.
_STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Job:
    """One board's work.

    Attributes:
        task: what it runs.
        row: where an earlier run stopped, or an empty one.
    """

    task: Task
    row: Row


@dataclass(frozen=True)
class _Finished:
    health: str


@dataclass(frozen=True)
class _Failed:
    error: str


def is_open(row: Row) -> bool:
    """Whether there is something left to run: a wrong result cannot be made good by more clips."""
    return row.figures is None and row.wrong == 0


def run_farm(jobs: Sequence[Job], progress: Callable[[Row], None] = lambda row: None) -> list[Row]:
    """Run all boards at once, each to its end or to its first error.

    Args:
        jobs: the boards; those that have nothing left to run are not started.
        progress: called with a board's row after every batch of it, and at its end; an exception from it ends the run.

    Returns:
        The rows in the order of the jobs. One that ended early says why.
    """
    rows = [job.row for job in jobs]
    drivers = _Drivers()
    try:
        for number, job in enumerate(jobs):
            if is_open(job.row):
                rows[number] = job.row.model_copy(update={"error": None})
                drivers.add(number, job)
        while drivers.running:
            for number, message in drivers.messages():
                rows[number] = _taken(rows[number], message)
                progress(rows[number])
    finally:
        drivers.stop()
    return rows


def _taken(row: Row, message: Batch | _Finished | _Failed) -> Row:
    match message:
        case Batch():
            return row.model_copy(update={"batches": (*row.batches, message)})
        case _Finished(health):
            return finished(row, health)
        case _Failed(error):
            return row.model_copy(update={"error": error})


class _Drivers:
    """The processes, and what comes from them."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._processes: list[BaseProcess] = []
        self.running: dict[Connection, tuple[int, BaseProcess]] = {}

    def add(self, number: int, job: Job) -> None:
        """Start one."""
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=_drive, args=(theirs, job.task, job.row.done, job.row.sessions + 1), name=job.row.board, daemon=True
        )
        process.start()
        theirs.close()  # so that its end is seen when the process ends
        self._processes.append(process)
        self.running[ours] = number, process

    def messages(self) -> list[tuple[int, Batch | _Finished | _Failed]]:
        """Wait for messages; a process that ended without a last one failed."""
        found: list[tuple[int, Batch | _Finished | _Failed]] = []
        for line in wait(list(self.running)):
            assert isinstance(line, Connection)
            number, process = self.running[line]
            try:
                message = line.recv()
            except (EOFError, OSError):
                process.join()
                message = _Failed(f"the process that drives it has ended with {_ending(process.exitcode)}")
            found.append((number, message))
            if not isinstance(message, Batch):
                del self.running[line]
                line.close()
        return found

    def stop(self) -> None:
        """End them all; each stops its board."""
        for process in self._processes:
            if process.is_alive():
                process.terminate()
        for process in self._processes:
            process.join(_STOP_SECONDS)
            if process.is_alive():
                process.kill()
                process.join()
        for line in self.running:
            line.close()


def _ending(code: int | None) -> str:
    return signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"


def _drive(line: Connection, task: Task, done: int, session: int) -> None:
    """Drive one board in this process, and say what comes of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its processes
    signal.signal(signal.SIGTERM, unwinding(1))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        line.send(_Finished(run_session(task, done, session, line.send)))
    except ToolchainError as error:
        line.send(_Failed(f"{error.message} ({error.hint})" if error.hint else error.message))
    except OSError as error:
        line.send(_Failed(f"{type(error).__name__}: {error}"))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
