"""Files written whole or not at all, and their hashes."""

import hashlib
import os
import tempfile
import tomllib
from pathlib import Path
from typing import Any


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write ``content`` to ``path`` so that a reader sees the old file or the new one, never a part.

    Raises:
        OSError: if the folder cannot be made or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_durably(path: Path, content: bytes, temporary: Path) -> None:
    """Write ``content`` to ``path`` whole or not at all, and to the disk before anything that follows.

    Args:
        path: Where to; its folder must exist.
        content: What.
        temporary: Where it is put together, on the same file system; replaced if a killed run left it.

    Raises:
        OSError: if it cannot be written.
    """
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


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
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's content, as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
