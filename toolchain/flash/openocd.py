"""OpenOCD: writes through most debug probes (User's Guide: "Flash Commands", the ``program`` command)."""

from pathlib import Path

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
)
from toolchain.target.schema import OpenOcd
from toolchain.tools import find_tool

_PROGRAM = "openocd"

_COMPLAINTS = (
    Complaint(
        r"Can't find (?P<file>[^\n]*\.cfg)",
        "this OpenOCD has no configuration file {file}",
        "correct the flasher in the target file, or install a newer OpenOCD",
    ),
    Complaint(
        r"LIBUSB_ERROR_ACCESS|[Pp]ermission denied",
        "no permission to use the debug probe",
        "give your user access to the probe by a udev rule: OpenOCD comes with 60-openocd.rules",
    ),
    probe_in_use(r"LIBUSB_ERROR_BUSY"),
    Complaint(
        r"[Mm]ultiple devices found",
        "several debug probes are attached",
        "name the serial number of the right one with --probe",
    ),
    Complaint(
        r"Error: open failed|unable to find a matching CMSIS-DAP device|No J-Link device found|no device found"
        r"|unable to open ftdi device|Can(not|'t) find [^\n]*[Pp]lease check",
        "no debug probe was found for {target}",
        "attach the board's probe; if it is, the flasher's 'interface' or the serial number of --probe is another's",
    ),
    Complaint(
        r"UNEXPECTED idcode|Cannot identify target as",
        "the chip at the probe is not the {chip} of {target}",
        "choose the target of this chip, or attach the right board",
    ),
    Complaint(
        r"unable to connect to the target|Error connecting DP|Invalid ACK|scan chain interrogation failed"
        r"|IR capture error|Target voltage too low|Vref too low",
        "the debug probe finds no chip",
        "check the board's power and the wires between probe and board",
    ),
    verification_failed(r"\*\* Verify Failed \*\*"),
    outside_flash(r"no flash bank found for address"),
    Complaint(
        r"\*\* Programming Failed \*\*",
        "OpenOCD could not write the flash of {target}",
        "the flash may be protected: unlock it with the vendor's tool",
    ),
)


def _steps(job: Job, table: OpenOcd) -> list[Command]:
    file, address = probe_image(job)
    transport = ("-c", f"transport select {table.transport}") if table.transport else ()
    serial = ("-c", f"adapter serial {job.probe}") if job.probe else ()
    place = "" if address is None else f" {address:#010x}"
    return [
        Command(
            (
                *(_PROGRAM, "-f", _script("interface", table.interface), *serial, *transport),
                *("-f", _script("target", table.target)),
                *("-c", f"program {_quoted(file)} verify reset exit{place}"),
            ),
            seconds=probe_seconds(job),
            success=r"\*\* Verified OK \*\*",
        )
    ]


def _script(folder: str, name: str) -> str:
    return name if name.endswith(".cfg") else f"{folder}/{name}.cfg"


def _quoted(path: Path) -> str:
    """A path as one word of Tcl, which takes a backslash for an escape."""
    return f"{{{path.as_posix()}}}"


def _require(table: OpenOcd) -> None:
    find_tool(_PROGRAM)


TOOL = FlashTool("OpenOCD", _steps, explainer(_COMPLAINTS), _require, takes_first_probe=True)
