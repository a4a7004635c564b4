"""What may stand in place of a file and has no end, or none that memory would hold."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

#: More than a reader is given memory for, and more than any limit of what is read into it.
_LONGEST = 3 << 30


def without_end(original: bytes) -> tuple[Callable[[Path], None], ...]:
    """Ways to put such a thing under a name that is free; ``original`` is a good file's content."""
    return (
        os.mkfifo,
        lambda path: path.symlink_to("/dev/zero"),
        partial(_sparse, content=b""),
        partial(_sparse, content=original),
    )


def _sparse(path: Path, content: bytes) -> None:
    """A file that takes up little on the disk: zeros follow the content."""
    path.write_bytes(content)
    os.truncate(path, _LONGEST)
