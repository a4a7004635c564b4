"""What processes take of this computer, read from /proc."""

import gc
import os
from collections.abc import Iterable
from pathlib import Path

from toolchain.errors import UsageError
from toolchain.records import Record

_PROC = Path("/proc")
_KIB_PER_PAGE = os.sysconf("SC_PAGE_SIZE") // 1024 if hasattr(os, "sysconf") else 4


class Usage(Record):
    """What some processes take together.

    Attributes:
        resident_kib: memory that is resident, in KiB.
        files: open file descriptors.
        threads: threads.
    """

    resident_kib: int = 0
    files: int = 0
    threads: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            resident_kib=self.resident_kib + other.resident_kib,
            files=self.files + other.files,
            threads=self.threads + other.threads,
        )


def require_proc() -> None:
    """Refuse a computer without Linux's /proc.

    Raises:
        UsageError: on any other system.
    """
    if not (_PROC / "self" / "statm").is_file():
        raise UsageError("a soak is run on Linux only", "memory of boards and host is read from /proc")


def usage_of_host() -> Usage:
    """What this process takes, after what it can let go of is let go of."""
    gc.collect()
    return _usage(os.getpid())


def usage_of_boards() -> Usage:
    """What all processes take that this one has started, and that those have."""
    return sum((_usage(pid) for pid in descendants(os.getpid())), Usage())


def descendants(pid: int) -> set[int]:
    """Ids of all living processes that ``pid`` has started, and of those they have."""
    parents = _parents(int(folder.name) for folder in _PROC.iterdir() if folder.name.isdigit())
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def _parents(pids: Iterable[int]) -> dict[int, int]:
    parents = {}
    for pid in pids:
        try:
            # The name before the last parenthesis may hold anything.
            state, parent = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue  # it has ended in the meantime
        if state != "Z":
            parents[pid] = int(parent)
    return parents


def _usage(pid: int) -> Usage:
    folder = _PROC / str(pid)
    try:
        resident = int((folder / "statm").read_text().split()[1]) * _KIB_PER_PAGE
        files, threads = len(os.listdir(folder / "fd")), len(os.listdir(folder / "task"))
    except (OSError, IndexError):
        return Usage()  # it has ended in the meantime
    return Usage(resident_kib=resident, files=files, threads=threads)
