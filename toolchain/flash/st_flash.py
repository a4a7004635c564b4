"""st-flash of stlink-tools: writes through an ST-LINK, and reads back what it wrote."""

from toolchain.flash.flash_tool import (
    Command,
    Complaint,
    FlashTool,
    Job,
    explainer,
    outside_flash,
    probe_image,
    probe_in_use,
    probe_seconds,
    verification_failed,
    wrong_format,
)
from toolchain.target.schema import StFlash
from toolchain.tools import find_tool

_PROGRAM = "st-flash"

_COMPLAINTS = (
    Complaint(
        r"access error|LIBUSB_ERROR_ACCESS",
        "no permission to use the debug probe",
        "give your user access to the ST-LINK by a udev rule: stlink-tools comes with some",
    ),
    probe_in_use(r"unable to claim|LIBUSB_ERROR_BUSY"),
    Complaint(
        r"Couldn't find (any|\S+) ST-Link devices|Could not open stlink device",
        "no debug probe was found for {target}",
        "attach the board's ST-LINK; 'st-info --probe' shows those that it sees",
    ),
    Complaint(
        r"unknown chip id|unknown coreid|Could not find chip id|Failed to connect to target|Failed to enter SWD mode"
        r"|Can ?not connect to target|Target voltage [^\n]* too low|NRST is not connected",
        "the debug probe finds no chip that it knows",
        "check the board's power and the wires between probe and board",
    ),
    verification_failed(r"Verification of flash failed"),
    outside_flash(r"addr too (high|low)|Unknown memory region"),
    Complaint(
        r"[Uu]nlock failed|Failed to unlock flash|Flash programming error|Flash loader run error|Write error",
        "st-flash could not write the flash of {target}",
        "the flash may be protected: unlock it with the vendor's tool",
    ),
)


def _steps(job: Job, table: StFlash) -> list[Command]:
    file, address = probe_image(job)
    image = job.target.image.format
    if image not in ("bin", "hex"):
        raise wrong_format(job, _PROGRAM)
    serial = ("--serial", job.probe) if job.probe else ()
    # Intel HEX names its addresses itself.
    write = ("write", str(file)) if address is None else ("write", str(file), f"{address:#010x}")
    file_format = ("--format", "ihex") if address is None else ()
    return [
        Command(
            (_PROGRAM, *serial, *file_format, "--reset", *write),
            seconds=probe_seconds(job),
            success=r"Flash written and verified",
        )
    ]


def _require(table: StFlash) -> None:
    find_tool(_PROGRAM)


TOOL = FlashTool(_PROGRAM, _steps, explainer(_COMPLAINTS), _require, takes_first_probe=True)
