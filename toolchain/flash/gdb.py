"""GDB and a server that speaks its protocol: OpenOCD's, pyOCD's, st-util, a J-Link's, an emulator's."""

from toolchain.flash.flash_tool import Command, Complaint, FlashTool, Job, explainer, probe_seconds, verification_failed
from toolchain.target.schema import Gdb
from toolchain.tools import find_tool

#: Seconds GDB goes on knocking at a server that is not there.
_KNOCK_SECONDS = 5

_COMPLAINTS = (
    Complaint(
        r"(?P<server>[^\s:]+:\d+): (Connection (refused|timed out)|No such host|Name or service not known)",
        "there is no GDB server on {server}",
        "start the one of your probe first: openocd, pyocd gdbserver, st-util or JLinkGDBServer",
    ),
    verification_failed(r"MIS-MATCHED"),
    Complaint(
        r"is not compatible with reported target architecture|packet reply is too long|Truncated register",
        "the chip behind the GDB server is not the {chip} of {target}",
        "choose the target of this chip, or attach the right board",
    ),
    Complaint(
        r"Load failed|[Ff]lash[^\n]*(fail|[Ee]rror)|[Ee]rror [^\n]*flash|Cannot access memory|Writing to flash memory",
        "the GDB server could not write the flash of {target}",
        "the image may be too large or the flash protected; the server's own output says more",
    ),
    Complaint(
        r"Remote connection closed|Remote communication error|Ignoring packet error",
        "the GDB server stopped answering",
        "look at the server's output, and at the board's power and wires",
    ),
)


def _steps(job: Job, table: Gdb) -> list[Command]:
    script = (
        f"set tcp connect-timeout {_KNOCK_SECONDS}",
        f"target extended-remote {table.server}",
        "load",
        "compare-sections",
        f"monitor {table.reset}",
        "detach",
    )
    orders = (word for line in script for word in ("-ex", line))
    return [
        Command(
            (table.command, "-nx", "-batch", *orders, str(job.build.elf)),
            seconds=probe_seconds(job),
            # Without a connection GDB would compare the file with itself: the image must have been loaded as well.
            success=r"(?s)^(?!.*MIS-MATCHED).*Start address [^\n]*load size.*: matched\.",
        )
    ]


def _require(table: Gdb) -> None:
    find_tool(table.command)


TOOL = FlashTool("GDB", _steps, explainer(_COMPLAINTS), _require)
