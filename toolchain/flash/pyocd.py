"""pyOCD: writes through CMSIS-DAP, J-Link and ST-LINK probes. It knows chips by their part numbers."""

import importlib.util
import sys

from toolchain import extras
from toolchain.errors import MissingToolError
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
)
from toolchain.target.schema import PyOcd

_COMPLAINTS = (
    # A probe that may not be opened is warned of, and then not counted as connected.
    Complaint(
        r"udev rule|[Aa]ccess denied|LIBUSB_ERROR_ACCESS",
        "no permission to use the debug probe",
        "give your user access to the probe by a udev rule, see pyOCD's documentation",
    ),
    probe_in_use(r"Resource busy|LIBUSB_ERROR_BUSY"),
    Complaint(
        r"No connected debug probe matches",
        "no debug probe with the serial number {probe} is attached",
        "run: pyocd list",
    ),
    Complaint(
        r"No connected debug probes",
        "no debug probe was found for {target}",
        "attach the board's probe; 'pyocd list' shows the probes it sees",
    ),
    Complaint(
        r"Enter the number of the debug probe|More than one debug probe matches",
        "several debug probes are attached",
        "name the serial number of the right one with --probe; 'pyocd list' shows them",
    ),
    Complaint(
        r"Target type '?(?P<part>[^\s']+)'? not recognized",
        "this pyOCD does not know the chip '{part}'",
        "run: pyocd pack install {part}",
    ),
    Complaint(
        r"unable to unlock device|APPROTECT enabled",
        "the {chip} of {target} is locked",
        "unlock it, which erases it: pyocd erase --chip, with the chip's --target",
    ),
    outside_flash(r"no memory region|is not writable|invalid flash address|not contained within region"),
    Complaint(
        r"flash (erase|program|init|uninit)[^\n]*(fail|timeout|timed out|result code)",
        "pyOCD could not write the flash of {target}",
        "the flash may be protected: unlock it with the vendor's tool",
    ),
    Complaint(
        r"No ACK|SWD/JTAG communication failure|No cores were discovered|Get IDCODE error",
        "the debug probe finds no chip",
        "check the board's power and the wires between probe and board",
    ),
)


def _steps(job: Job, table: PyOcd) -> list[Command]:
    file, address = probe_image(job)
    # The ELF file's format cannot be told from the name alone where a build folder has dots.
    file_format = file.suffix.removeprefix(".")
    place = () if address is None else ("--base-address", hex(address))
    probe = ("--uid", job.probe) if job.probe else ()
    return [
        Command(
            (
                *(sys.executable, "-m", "pyocd", "load", "--no-wait", "--no-config", "--color", "never"),
                *("--target", table.target, *probe, "--format", file_format, *place, str(file)),
            ),
            seconds=probe_seconds(job),
            success=r"programmed \d+ bytes",
        )
    ]


def _require(table: PyOcd) -> None:
    if importlib.util.find_spec("pyocd") is None:
        raise MissingToolError("the program 'pyocd' is not installed", f"run: {extras.install_line('probe')}")


TOOL = FlashTool("pyOCD", _steps, explainer(_COMPLAINTS), _require)
