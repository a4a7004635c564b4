"""One run at a time on one output or port: the second is told, and nothing of the two is mixed.

A lock is a file that the operating system holds for one process, and lets go of when that process ends, however it
ends. What a killed process leaves behind is an empty file that keeps nobody out.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from toolchain.errors import ToolchainError, UsageError
from toolchain.files import naming


class Lock:
    """A lock that is held from the constructor on.

    Args:
        file: The lock file, made if absent and removed on release; its folder is made too.
        taken: Raised if another run holds it.

    Raises:
        ToolchainError: ``taken``.
        OSError: The file cannot be made.
    """

    def __init__(self, file: Path, taken: ToolchainError) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file
        self._lock = FileLock(file, thread_local=False)
        try:
            self._lock.acquire(blocking=False)
        except Timeout as error:
            raise taken from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()

    def release(self) -> None:
        """Let go; a second time does no harm."""
        if not self._lock.is_locked:
            return
        # Removed while it is held: whoever opened it meanwhile notices that, and makes a new one. Windows does not
        # remove what is open, and there the library removes it itself.
        with suppress(OSError):
            self._file.unlink()
        self._lock.release()


def lock_file(path: Path) -> Path:
    """Where the lock of a file or folder lies: beside it, one for all names that lead to it."""
    real = Path(os.path.realpath(path))
    return real.parent / f".{real.name}.lock"


def hold(path: Path, option: str = "--out") -> Lock:
    """Take the lock of an output.

    Args:
        path: A file or folder; it need not exist.
        option: How the user could name another one.

    Raises:
        UsageError: Another run holds it.
        OSError: The folder it lies in cannot be written.
    """
    taken = UsageError(f"Another run is writing {path}.", f"Wait until it ends, or choose another {option}.")
    with naming(path):
        return Lock(lock_file(path), taken)


@contextmanager
def locked(path: Path | None, option: str = "--out") -> Iterator[None]:
    """Hold the lock of an output while the block runs; without an output there is nothing to hold. See `hold`."""
    if path is None:
        yield
        return
    with hold(path, option):
        yield


@contextmanager
def locked_all(folders: Iterable[Path], files: Iterable[tuple[Path | None, str]]) -> Iterator[None]:
    """Hold the locks of all these folders, and of the files that options name, while the block runs. See `hold`."""
    with ExitStack() as stack:
        for file, option in files:
            stack.enter_context(locked(file, option))
        for folder in sorted(set(folders)):
            stack.enter_context(locked(folder))
        yield
