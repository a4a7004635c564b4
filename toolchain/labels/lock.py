"""One run at a time on one output."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from toolchain.errors import UsageError


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold the lock of ``out`` while the block runs. A process that is killed holds it no longer.

    Raises:
        UsageError: Another run holds it.
    """
    path = out.with_name(f".{out.name}.lock")
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise UsageError(f"Another run is writing {out}.", "Wait until it ends, or choose another --out.") from error
    try:
        yield
        # Removed while it is held: whoever opened it meanwhile notices that, and makes a new one.
        path.unlink(missing_ok=True)
    finally:
        lock.release()
