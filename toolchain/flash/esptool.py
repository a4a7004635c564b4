"""Espressif's esptool: writes through the serial port, to the boot loader in the chip's ROM."""

import re
import sys

from toolchain.errors import FlashError
from toolchain.flash.flash_tool import (
    CONNECT_SECONDS,
    Command,
    Complaint,
    FlashTool,
    Job,
    check_room,
    explainer,
    wrong_format,
)
from toolchain.link.port import explain as explain_port
from toolchain.target import EspImage
from toolchain.target.schema import Esptool

#: Bits that a byte takes on the line, start and stop bit included, and how often esptool may have to send it.
_BITS_PER_BYTE = 10
_MOST_SENDS = 4

_UNITS = {"KB": 1 << 10, "MB": 1 << 20}

#: What pyserial said is in brackets on the next line.
_NOT_OPENED = re.compile(r"Could not open [^\n]*\n\(([^\n]*)\)")

_HOLD_BOOT = "hold the board's BOOT button while you press and release RESET, then try again"

_COMPLAINTS = (
    Complaint(
        r"This chip is (?P<found>[\w-]+), not (?P<wanted>[\w-]+)",
        "the chip on {port} is an {found}, not an {wanted}",
        "choose the target of this chip, or the port of the right board",
    ),
    Complaint(
        r"is not an (?P<wanted>[\w-]+) image",
        "the image is for another chip than the {wanted} on {port}",
        "check chip and image in the target file",
    ),
    Complaint(
        r"requires chip revision (?P<wanted>[^\n]*)",
        "the chip on {port} is too old or too new: the image wants revision {wanted}",
        "use another board",
    ),
    Complaint(
        r"Wrong boot mode detected",
        "the chip on {port} runs its program instead of waiting for a new one",
        _HOLD_BOOT,
    ),
    Complaint(
        r"Failed to connect to (?P<wanted>[\w-]+):",
        "no {wanted} answers on {port}",
        f"is it the right port? If so, {_HOLD_BOOT}",
    ),
    Complaint(
        r"will not fit in (?P<bytes>\d+) bytes of flash",
        "the image is too large for the {bytes} bytes of flash on {port}",
        "choose a smaller model, or a board with more flash",
    ),
    Complaint(
        r"MD5 of file does not match data in flash|the written flash region is empty",
        "verification failed: the flash of the chip on {port} does not hold what was sent",
        "try again at a lower baud rate; if that does not help, the flash is worn or write-protected",
    ),
    Complaint(
        r"(Secure Boot|[Ff]lash [Ee]ncryption|secure download mode)[^\n]*(detected|enabled|disabled)",
        "the chip on {port} is locked: secure boot or flash encryption is on",
        "use a board without these fuses",
    ),
    Complaint(
        r"Failed to set baud rate (?P<baud>\d+)",
        "the port {port} cannot do {baud} baud",
        "choose a lower baud rate in the target file's flasher",
    ),
    Complaint(
        r"No more data to read|[Ss]erial data stream stopped|Possible serial noise|[Pp]acket content transfer stopped"
        r"|Invalid SLIP escape|Response doesn't match",
        "the serial line to {port} lost or damaged data",
        "try another cable, or a lower baud rate in the target file's flasher",
    ),
)

_explain_complaint = explainer(_COMPLAINTS)


def _steps(job: Job, table: Esptool) -> list[Command]:
    image = job.target.image
    if not isinstance(image, EspImage):
        raise wrong_format(job, "esptool")
    assert job.port is not None
    check_room(job, _bytes(image.flash_size) - table.offset)
    return [
        Command(
            (
                *(sys.executable, "-m", "esptool"),
                *("--chip", image.chip, "--port", job.port, "--baud", str(table.baud)),
                *("write-flash", hex(table.offset), str(job.build.image)),
            ),
            seconds=CONNECT_SECONDS + _MOST_SENDS * _BITS_PER_BYTE * job.image_bytes / table.baud,
            success="Hash of data verified",
        )
    ]


def _bytes(size: str) -> int:
    """Bytes of a size as esptool writes it: "4MB", "512KB"."""
    return int(size[:-2]) * _UNITS[size[-2:]]


def _explain(output: str, job: Job) -> FlashError | None:
    if (refused := _NOT_OPENED.search(output)) and job.port is not None:
        return FlashError(*explain_port(job.port, refused[1]))
    return _explain_complaint(output, job)


def _require(table: Esptool) -> None:
    """Nothing to look for: it is among the packages that come with the toolchain."""


TOOL = FlashTool("esptool", _steps, _explain, _require, needs_port=True)
