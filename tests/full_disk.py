"""A disk that takes no more, for the files of this process."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def full_disk(largest: int) -> Iterator[None]:
    """Let no file grow beyond ``largest`` bytes while the block runs: the system says "File too large" instead.

    It fails where a full disk does: in the middle of a write, and without the name of the file. Windows has no such
    limit, and the test is skipped there.
    """
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
