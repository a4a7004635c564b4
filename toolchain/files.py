"""Files written whole or not at all; files of strangers read within bounds; hashes."""

import errno
import hashlib
import os
import stat
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import Any

#: The most bytes that are read of what somebody wrote by hand; a target has some 3 KB.
MOST_SETTINGS = 1 << 20
#: The same of what a command wrote in JSON: a manifest, a table, a record; the longest have some 100 KB.
MOST_FACTS = 16 << 20
#: The same of a list of recordings; that of a million takes 100 MB.
MOST_LIST = 256 << 20
#: The same of a student in any form, and of a teacher of ours; the largest that reaches a board has 0.3 MB.
MOST_STUDENT = 256 << 20

#: A pipe that nobody writes to is opened at once instead of never, and a terminal does not become ours.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


class UnfitFileError(OSError):
    """A file that is not read: it is no regular file, or longer than anything that is meant to be read there."""

    def __init__(self, number: int, reason: str, path: Path) -> None:
        super().__init__(number, reason, str(path))

    def __str__(self) -> str:
        return str(self.strerror)


def open_bounded(path: Path, limit: int | None = None) -> BufferedReader:
    """Open a file that anyone may have made, for reading, without waiting for it.

    Args:
        path: The file. A folder, a pipe, a socket or a device is refused, links to one too.
        limit: The most bytes that it may have; None for what is not read into memory.

    Raises:
        OSError: If it cannot be opened; `UnfitFileError` if it is no regular file, or longer.
    """
    handle = os.open(path, _READ)
    try:
        found = os.fstat(handle)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(found.st_mode):
            raise UnfitFileError(errno.EINVAL, "it is no regular file", path)
        if limit is not None and found.st_size > limit:
            raise UnfitFileError(errno.EFBIG, f"it is longer than {limit:,} bytes", path)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def require_regular(path: Path, limit: int | None = None) -> None:
    """Refuse what `open_bounded` refuses; for files that a library opens by their name."""
    open_bounded(path, limit).close()


def read_bounded(path: Path, limit: int) -> bytes:
    """Content of a file that anyone may have made.

    Raises:
        OSError: As `open_bounded` says.
    """
    with open_bounded(path, limit) as file:
        return file.read(os.fstat(file.fileno()).st_size)  # what is appended meanwhile would have no bound


def read_text_bounded(path: Path, limit: int, encoding: str = "utf-8") -> str:
    """The same as text, its ends of line as they are.

    Raises:
        OSError: As `open_bounded` says.
        UnicodeDecodeError: If it is not in this encoding.
    """
    return read_bounded(path, limit).decode(encoding)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an error of the system in the block name ``path``, which the user knows, and not what lies beside it.

    Raises:
        OSError: The same error, of that path.
    """
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write ``content`` to ``path`` so that a reader sees the old file or the new one, never a part.

    Raises:
        OSError: if the folder cannot be made or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    with naming(path), _beside(path, data, 0o644) as temporary:
        os.replace(temporary, path)


def write_new(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all, and never over another one.

    Args:
        path: Where to; its folder must exist.
        content: What.
        mode: Who may read it.

    Raises:
        FileExistsError: if there is something under that name.
        OSError: if it cannot be written.
    """
    with naming(path), _beside(path, content, mode) as temporary:
        os.link(temporary, path)


@contextmanager
def _beside(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    """A whole file in the folder of ``path``, which is gone afterwards unless it was moved."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.chmod(mode)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def write_durably(path: Path, content: bytes, temporary: Path) -> None:
    """Write ``content`` to ``path`` whole or not at all, and to the disk before anything that follows.

    Args:
        path: Where to; its folder must exist.
        content: What.
        temporary: Where it is put together, on the same file system; replaced if a killed run left it.

    Raises:
        OSError: if it cannot be written.
    """
    with naming(path):
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        _write_entry(path.parent)


def _write_entry(folder: Path) -> None:
    """Write a folder's list of names to the disk, where the system has that."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def stays_inside(folder: Path, name: str) -> bool:
    """Whether ``name``, as a list in ``folder`` gives it, is relative and leads nowhere else, links followed."""
    # A NUL would end the name for the system, but not for us.
    if "\0" in name or Path(name).is_absolute():
        return False
    try:
        return (folder / name).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # links in a circle; a name that no file system can write
        return False


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file that anyone may have made.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is no TOML in UTF-8, or nested deeper than anything that is meant to be read.
    """
    try:
        return tomllib.loads(read_text_bounded(path, MOST_SETTINGS))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's content, as 64 hex digits.

    Raises:
        OSError: If it cannot be read, or is no regular file: a device would never end.
    """
    with open_bounded(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
