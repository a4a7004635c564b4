"""Boot loaders that show up as a drive, which takes a UF2 file by being copied to."""

import os
import re
import string
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from toolchain.errors import FlashError
from toolchain.files import read_bounded
from toolchain.flash.flash_tool import Copy, FlashTool, Job, wrong_format
from toolchain.target.schema import Uf2Drive

#: Every such drive has it (UF2 specification, "Embedding device information"): "Board-ID: RPI-RP2".
INFO_FILE = "INFO_UF2.TXT"
#: It has some 100 bytes. Any drive that is mounted may have anything under that name.
_LONGEST_INFO = 64 * 1024
_BOARD_ID = re.compile(r"^Board-ID:(.*)$", re.MULTILINE)

#: Windows would otherwise change line ends.
_BINARY = getattr(os, "O_BINARY", 0)

#: Where desktops mount drives: /media/<user>/<label>, /run/media/<user>/<label>, or without the user.
_LINUX_MOUNTS = ("/media", "/run/media", "/mnt")


def find_drive(board_id: str, drives: Iterable[Path]) -> Path:
    """Return the one drive whose boot loader calls itself ``board_id``.

    Raises:
        FlashError: if there is none, or more than one.
    """
    matching = sorted(drive for drive in drives if _board_id(drive) == board_id)
    if not matching:
        raise FlashError(
            f"no drive {board_id} is mounted",
            "hold the board's BOOTSEL button while you plug it in (on other boards: press RESET twice), and mount "
            "the drive that appears; --probe names a folder that is not found by itself",
        )
    if len(matching) > 1:
        raise FlashError(
            f"{len(matching)} drives are {board_id}: {', '.join(map(str, matching))}",
            "name the right one with --probe",
        )
    return matching[0]


def copy_whole(copy: Copy) -> None:
    """Copy a file to the drive, down to the last sector.

    The boot loader starts the image as soon as it has all of it, and takes the drive away: what fails after the last
    byte was written says nothing.

    Raises:
        FlashError: if the drive does not take all of it.
    """
    content = copy.source.read_bytes()
    try:
        handle = os.open(copy.drive / copy.source.name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY)
    except OSError as error:
        raise _refused(copy, error) from error
    try:
        _write_all(handle, content)
        _flush(handle, copy)
    except OSError as error:
        raise _refused(copy, error) from error
    finally:
        _close(handle)


def _write_all(handle: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _flush(handle: int, copy: Copy) -> None:
    try:
        os.fsync(handle)
    except OSError:
        if (copy.drive / INFO_FILE).exists():  # it is still there, and did not take the file
            raise


def _close(handle: int) -> None:
    try:
        os.close(handle)
    except OSError:  # the drive is gone
        return


def _refused(copy: Copy, error: OSError) -> FlashError:
    return FlashError(
        f"cannot copy {copy.source.name} to {copy.drive}: {error.strerror}",
        "is it mounted so that you may write to it, and still there? Then enter the boot loader again",
    )


def mounted_drives() -> Iterator[Path]:
    """All folders where a removable drive may be mounted on this system."""
    if sys.platform == "win32":
        yield from (Path(f"{letter}:\\") for letter in string.ascii_uppercase)
    elif sys.platform == "darwin":
        yield from _folders(Path("/Volumes"))
    else:
        for place in map(Path, _LINUX_MOUNTS):
            for folder in _folders(place):
                yield folder
                yield from _folders(folder)


def _folders(place: Path) -> list[Path]:
    try:
        return [entry for entry in place.iterdir() if entry.is_dir()]
    except OSError:
        return []


def _board_id(drive: Path) -> str | None:
    try:
        found = _BOARD_ID.search(read_bounded(drive / INFO_FILE, _LONGEST_INFO).decode("ascii", errors="replace"))
    except OSError:
        return None
    return found[1].strip() if found else None


def _steps(job: Job, table: Uf2Drive) -> list[Copy]:
    if job.target.image.format != "uf2":
        raise wrong_format(job, "a UF2 drive")
    drives = [Path(job.probe)] if job.probe else mounted_drives()
    return [Copy(job.build.image, find_drive(table.board_id, drives))]


def _require(table: Uf2Drive) -> None:
    """Nothing to look for: it is a copy."""


def _explain(output: str, job: Job) -> None:
    """Nothing to explain: no tool is run."""


TOOL = FlashTool("the UF2 drive", _steps, _explain, _require)
