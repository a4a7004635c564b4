"""The JSON file in which a command keeps its rows as they come, and from which ``--resume`` goes on."""

from pathlib import Path
from typing import Generic, Protocol, Self, TypeVar

from toolchain.errors import UsageError


class _Row(Protocol):
    def is_same_work(self, other: Self, /) -> bool: ...


RowT = TypeVar("RowT", bound=_Row)


class _Table(Protocol[RowT]):
    @classmethod
    def read(cls, path: Path, /) -> Self: ...

    def of(self, row: RowT, /) -> RowT | None: ...

    def with_row(self, row: RowT, /) -> Self: ...

    def write(self, path: Path, /) -> None: ...


class Keeper(Generic[RowT]):
    """The rows of one command, and their file if there is one.

    Args:
        empty: the table without rows.
        path: its file; rows of other boards that it has already stay in it.
        resume: whether earlier rows of the same work count.

    Raises:
        UsageError: if the file is something else.
    """

    def __init__(self, empty: _Table[RowT], path: Path | None, resume: bool) -> None:
        self._path, self._resume = path, resume
        self._table = empty.read(path) if path is not None and path.is_file() else empty

    def earlier(self, row: RowT) -> RowT | None:
        """What an earlier run of the same work left; None if there was none, or it does not count."""
        found = self._table.of(row) if self._resume else None
        return found if found is not None and found.is_same_work(row) else None

    def keep(self, row: RowT) -> None:
        """Write the file anew with this row in it."""
        self._table = self._table.with_row(row)
        if self._path is not None:
            self._table.write(self._path)


def require_file(resume: bool, *paths: Path | None) -> None:
    """Refuse ``--resume`` where no file is named.

    Raises:
        UsageError: if none of the paths is given.
    """
    if resume and not any(paths):
        raise UsageError("--resume goes on with a file, and none is named", "name it with --json FILE")
