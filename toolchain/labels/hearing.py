"""Recordings read ahead of the teacher."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolchain.audio.load import load_pcm16
from toolchain.corpora import CorpusEntry
from toolchain.errors import ToolchainError
from toolchain.labels.table import pcm_sha256

#: How many recordings each thread may be ahead of the teacher; a long one takes 115 MB an hour.
_AHEAD = 4


@dataclass(frozen=True, eq=False)
class Heard:
    """A recording that was read, or the reason why it could not be.

    Attributes:
        entry: What was to be read.
        stamp: The file's size and time of change before it was read.
        pcm: int16 of shape (samples,) at 16 kHz; None where there is a reason.
        sha256: Hash of ``pcm``.
        reason: Why there is no ``pcm``.
    """

    entry: CorpusEntry
    stamp: str
    pcm: NDArray[np.int16] | None = None
    sha256: str = ""
    reason: str = ""


def hear(entries: Sequence[CorpusEntry], threads: int) -> Iterator[Heard]:
    """Read recordings in ``threads`` threads, a few ahead, and yield them in the order of ``entries``."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="reads-audio")
    waiting: deque[Future[Heard]] = deque()
    try:
        for entry in entries:
            waiting.append(pool.submit(_hear, entry))
            if len(waiting) > threads * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def stamp(entry: CorpusEntry) -> str:
    """Size and time of change of a recording's file, so that a changed one is noticed."""
    try:
        found = entry.path.stat()
    except (OSError, ValueError):
        return "absent"
    return f"{found.st_size} {found.st_mtime_ns}"


def _hear(entry: CorpusEntry) -> Heard:
    before = stamp(entry)
    try:
        pcm = load_pcm16(entry.path)
    except ToolchainError as error:
        return Heard(entry, before, reason=error.message.replace(f" {entry.path}", ""))
    # What a damaged file makes of the libraries: it must not end a run over a hundred thousand others.
    except (OSError, ValueError, RuntimeError, MemoryError) as error:
        return Heard(entry, before, reason=f"{type(error).__name__}: {error}")
    return Heard(entry, before, pcm, pcm_sha256(pcm))
