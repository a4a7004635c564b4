"""Checks that ask a program whether it can do what a target needs."""

import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from toolchain.doctor.check import Check, Purpose, program
from toolchain.errors import MissingToolError
from toolchain.flash.rp2040js import find_rp2040js
from toolchain.target import Emulator, Target

#: Seconds a program may take to answer.
_PATIENCE = 30.0

#: Needs a header and a function of the C library.
_PROBE = """\
#include <string.h>
int main(int count, char **words) { return (int)strlen(words[count - 1]); }
"""

#: For targets whose memory the real linker script lays out. Debian's linker for the LX106 crashes on the tables of its
#: own relaxation unless they are discarded.
_LAYOUT = """\
ENTRY(main)
SECTIONS
{
    .text : { *(.literal .literal.* .text .text.*) }
    .data : { *(.rodata .rodata.* .data .data.* .bss .bss.* COMMON) }
    /DISCARD/ : { *(.xt.prop* .xt.lit* .xtensa.info) }
}
"""


def compiler(target: Target) -> Check:
    """Whether the target's compiler makes a program with the target's flags: itself, and its C library."""
    found = program(Purpose.BUILD, target.compiler.command)
    if not found.found:
        return found
    flags = target.compiler
    layout = () if target.memory is None else ("-T", "probe.ld")
    complaint = _complaint_about(
        found.detail, (*flags.flags, *flags.compile_flags), (*flags.flags, *flags.link_flags, *layout)
    )
    return found if complaint is None else Check(found.purpose, found.name, False, f"{found.detail}: {complaint}")


def qemu(emulator: Emulator) -> Check:
    """Whether QEMU is installed and knows the machine."""
    assert emulator.command is not None and emulator.machine is not None
    found = program(Purpose.EMULATE, emulator.command)
    if not found.found or emulator.machine in _machines(found.detail):
        return found
    return Check(found.purpose, found.name, False, f"{found.detail}: does not know the machine {emulator.machine}")


def rp2040js() -> Check:
    """Whether the simulator of the RP2040, a package of Node's, is where it is looked for."""
    try:
        return Check(Purpose.EMULATE, "rp2040js", True, str(find_rp2040js()))
    except MissingToolError:
        return Check(Purpose.EMULATE, "rp2040js", False, "Node package not installed")


@cache
def _complaint_about(command: str, compile_flags: tuple[str, ...], link_flags: tuple[str, ...]) -> str | None:
    """What a compiler says against a small program; None if it has no objection."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "probe.c").write_text(_PROBE, encoding="utf-8")
        (Path(folder) / "probe.ld").write_text(_LAYOUT, encoding="utf-8")
        for arguments in (
            [*compile_flags, "-c", "probe.c", "-o", "probe.o"],
            [*link_flags, "probe.o", "-o", "probe.elf"],
        ):
            done = _run([command, *arguments], folder)
            if done.returncode != 0:
                return _first_error(done.stderr)
    return None


def _first_error(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()] or ["failed without a message"]
    return next((line for line in lines if "error" in line), lines[0])


@cache
def _machines(command: str) -> frozenset[str]:
    """Names of the machines a QEMU program emulates."""
    lines = _run([command, "-machine", "help"]).stdout.splitlines()
    return frozenset(line.split()[0] for line in lines[1:] if line.strip())


def _run(command: list[str], folder: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program; one that cannot be started or does not end has failed, with the reason as its message."""
    try:
        return subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))
