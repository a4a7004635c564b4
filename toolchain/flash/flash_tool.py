"""What every flasher takes and gives: a job in; exact commands, and the meaning of the tool's complaints, out."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolchain.build import BuildResult
from toolchain.errors import FlashError
from toolchain.target import Target

#: Seconds for a tool to start, find its probe or port, connect and erase.
CONNECT_SECONDS = 60.0

#: Bytes per second that the slowest debug probe writes and verifies.
SLOWEST_PROBE = 1000


@dataclass(frozen=True)
class Job:
    """One image to be written to one board.

    Attributes:
        target: the board.
        build: the image.
        port: its serial port; only some flashers write through it.
        probe: serial number of the debug probe, or folder of the drive, to use where several are attached.
    """

    target: Target
    build: BuildResult
    port: str | None = None
    probe: str | None = None

    @property
    def image_bytes(self) -> int:
        """Size of the image file."""
        return self.build.image.stat().st_size


@dataclass(frozen=True)
class Command:
    """A program to be run.

    Attributes:
        arguments: the program and its arguments.
        seconds: it is stopped after so long.
        success: what it prints when all went well; an exit code of 0 alone is not believed.
    """

    arguments: tuple[str, ...]
    seconds: float
    success: str


@dataclass(frozen=True)
class Copy:
    """A file to be copied to a drive, whole."""

    source: Path
    drive: Path

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command that does the same in a shell."""
        return ("copy" if sys.platform == "win32" else "cp", str(self.source), str(self.drive))


Step = Command | Copy


@dataclass(frozen=True)
class Complaint:
    """What a tool prints when something went wrong, and what to say then.

    ``message`` and ``hint`` may name {port}, {target}, {chip}, {probe}, and the pattern's named groups.
    """

    pattern: str
    message: str
    hint: str


def probe_in_use(pattern: str) -> Complaint:
    """What to say where a tool prints ``pattern`` because another program has the probe."""
    return Complaint(
        pattern, "the debug probe is in use by another program", "close that program and try again"
    )


def verification_failed(pattern: str) -> Complaint:
    """What to say where a tool prints ``pattern`` because the flash holds something else than the image."""
    return Complaint(
        pattern,
        "verification failed: the flash of {target} does not hold what was sent",
        "try again; if that does not help, the flash is worn or write-protected",
    )


def outside_flash(pattern: str) -> Complaint:
    """What to say where a tool prints ``pattern`` because there is no flash where the image goes."""
    return Complaint(
        pattern,
        "the image is too large for the flash of the chip, or goes to another address",
        "compare [memory] in the target file with the chip's data sheet",
    )


@dataclass(frozen=True)
class FlashTool:
    """A program that writes images to boards; or a drive that takes them.

    Attributes:
        name: what messages call it.
        steps: what to do for a job, given the flasher's table of the target file.
        explain: the error that explains the tool's output, or None if it does not.
        require: raises MissingToolError if the tool is not installed; takes the same table.
        needs_port: whether it writes through the serial port.
        takes_first_probe: whether, of several debug probes, it takes whichever it finds first.
    """

    name: str
    steps: Callable[[Job, Any], Sequence[Step]]
    explain: Callable[[str, Job], FlashError | None]
    require: Callable[[Any], None]
    needs_port: bool = False
    takes_first_probe: bool = False


def check_room(job: Job, room: int) -> None:
    """Raise FlashError if the image file has more than ``room`` bytes."""
    if job.image_bytes > room:
        raise FlashError(
            f"the image is too large: {job.image_bytes:,} bytes, and the flash of {job.target.name} holds {room:,}",
            "choose a smaller model, or a board with more flash",
        )


def wrong_format(job: Job, name: str) -> FlashError:
    """The error for a flasher that does not take the target's image."""
    return FlashError(
        f"{name} does not write images of the format '{job.target.image.format}'",
        f"choose another flasher of {job.target.name} with --flasher",
    )


def probe_image(job: Job) -> tuple[Path, int | None]:
    """What a debug probe writes: the file, and the address it goes to if the file itself does not say.

    Raises:
        FlashError: if it is larger than the target's flash.
    """
    image = job.target.image
    if image.format == "bin":
        assert job.target.memory is not None
        check_room(job, job.target.memory.flash.length)
        return job.build.image, job.target.memory.flash.origin
    return (job.build.image if image.format == "hex" else job.build.elf), None


def probe_seconds(job: Job) -> float:
    """How long a debug probe may take."""
    return CONNECT_SECONDS + job.image_bytes / SLOWEST_PROBE


def shell_line(arguments: Sequence[str]) -> str:
    """Quote a command for the shell of this system."""
    return subprocess.list2cmdline(arguments) if sys.platform == "win32" else shlex.join(arguments)


def explainer(complaints: Sequence[Complaint]) -> Callable[[str, Job], FlashError | None]:
    """Make a `FlashTool.explain` that says what the first complaint in the list that is found in the output means."""

    def explain(output: str, job: Job) -> FlashError | None:
        for complaint in complaints:
            if found := re.search(complaint.pattern, output):
                names = _names(job) | found.groupdict()
                return FlashError(complaint.message.format_map(names), complaint.hint.format_map(names))
        return None

    return explain


def _names(job: Job) -> dict[str, str]:
    return {
        "port": job.port or "",
        "probe": job.probe or "",
        "target": job.target.name,
        "chip": job.target.chip,
    }
