"""Many rows: one after the other or several at once, kept as soon as they are there."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock

from toolchain.bench.measure import Pair, measure, require_equality
from toolchain.bench.table import Header, Row, Table, make_table
from toolchain.errors import ToolchainError


@dataclass(frozen=True)
class Failure:
    """A pair without a right row, and why."""

    target: str
    model: str
    error: ToolchainError


@dataclass(frozen=True)
class Progress:
    """What is called while a bench runs, from any of its threads.

    Attributes:
        step: a pair is at something: target, model and what.
        row: a row is there; whether it was kept from an earlier run.
        failure: there will be no row.
    """

    step: Callable[[str, str, str], None] = lambda target, model, what: None
    row: Callable[[Row, bool], None] = lambda row, kept: None
    failure: Callable[[Failure], None] = lambda failure: None


_SILENT = Progress()


class _Stopped(Exception):
    """Ends a thread's work after an interruption."""


class _Rows:
    """The rows so far, and the file they are written to."""

    def __init__(self, header: Header, path: Path | None, earlier: Table | None) -> None:
        self._header, self._path, self._lock = header, path, Lock()
        rows = earlier.rows if earlier else ()
        self._rows = {row.key: row for row in rows if row.student == header.students.get(row.model)}

    def table(self) -> Table:
        return make_table(self._header, self._rows.values())

    def kept(self, pair: Pair) -> Row | None:
        """The row of an earlier run, if the same image, student and clips gave it."""
        row = self._rows.get(pair.key)
        return row if row is not None and row.is_same_work(pair.identity()) else None

    def drop(self, pair: Pair) -> None:
        with self._lock:
            if self._rows.pop(pair.key, None) is not None:
                self._write()

    def add(self, row: Row) -> None:
        with self._lock:
            self._rows[row.key] = row
            self._write()

    def _write(self) -> None:
        if self._path is not None:
            self.table().write(self._path)


def bench(
    pairs: Sequence[Pair],
    header: Header,
    out: Path,
    *,
    path: Path | None = None,
    earlier: Table | None = None,
    jobs: int = 1,
    progress: Progress = _SILENT,
) -> tuple[Table, list[Failure]]:
    """Measure every pair. One that fails is left out, and the others go on.

    Args:
        pairs: what to measure.
        header: what it is measured with.
        out: builds go to ``out/<target>/<model>``.
        path: the table is written there after every row, so that an interruption loses no finished one.
        earlier: a table to go on from. Of the same students, its rows of pairs that are not asked for stay, and so do
            those that measuring again could only repeat.
        jobs: pairs measured at the same time.
        progress: what to call in between.

    Returns:
        The table, and what is not in it or not right.
    """
    rows, failures, stop = _Rows(header, path, earlier), [], Event()

    def work(pair: Pair) -> None:
        def step(what: str) -> None:
            if stop.is_set():
                raise _Stopped
            progress.step(*pair.key, what)

        try:
            row = rows.kept(pair)
            if row is not None:
                progress.row(row, True)
                return
            rows.drop(pair)
            row = measure(pair, out / pair.target.name / pair.model, step)
            rows.add(row)
            progress.row(row, False)
            require_equality(row)
        except ToolchainError as error:
            failures.append(Failure(*pair.key, error))
            progress.failure(failures[-1])

    _do_all(work, pairs, jobs, stop)
    return rows.table(), failures


def _do_all(work: Callable[[Pair], None], pairs: Sequence[Pair], jobs: int, stop: Event) -> None:
    """Do the work in this thread, or in several; these end after their clip or source file when one is interrupted."""
    if jobs == 1:
        for pair in pairs:
            work(pair)
        return
    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(work, pair) for pair in pairs]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            stop.set()
            for future in futures:
                future.cancel()
            raise
