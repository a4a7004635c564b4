"""QEMU with the board's UART on a TCP port of this computer."""

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TextIO

from toolchain.errors import FlashError
from toolchain.flash import keeper
from toolchain.flash.child import running
from toolchain.flash.tcp import free_port, takes_connections
from toolchain.target import Emulator
from toolchain.tools import find_tool

#: Another program may take a free port before QEMU does; then the next one is tried.
_ATTEMPTS = 3
_PORT_TAKEN = "Address already in use"

#: QEMU answers its control socket at once.
_CONTROL_SECONDS = 5.0


@contextmanager
def run_qemu(emulator: Emulator, elf: Path, control: Path | None = None) -> Iterator[str]:
    """Run ``elf`` on the emulated machine and yield its UART as a ``socket://`` URL.

    Args:
        emulator: the machine.
        elf: the image.
        control: a Unix socket to be made there, for `reset_qemu`.

    Raises:
        MissingToolError: if QEMU is not installed.
        FlashError: if QEMU ends instead of running, with what it said.
    """
    assert emulator.command is not None
    qemu = find_tool(emulator.command)
    if not elf.is_file():
        raise FlashError(f"there is no image {elf}", "run 'toolchain build' first")
    for attempt in range(_ATTEMPTS):
        port = free_port()
        _, *arguments = _command(emulator, elf, port)
        if control is not None:
            arguments += ["-qmp", f"unix:{control},server=on,wait=off"]
        command = [sys.executable, keeper.__file__, str(qemu), *arguments]
        with running(command, qemu.name) as emulation:
            if emulation.wait_for(partial(takes_connections, port)):
                yield f"socket://127.0.0.1:{port}"
                return
            complaint = emulation.complaint()
        if attempt + 1 == _ATTEMPTS or _PORT_TAKEN not in complaint:
            raise FlashError(f"the emulator did not start: {complaint}")


def reset_qemu(control: Path) -> None:
    """Reset the machine whose control socket this is (QEMU Machine Protocol, ``system_reset``).

    Raises:
        FlashError: if QEMU is gone or refuses.
    """
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(_CONTROL_SECONDS)
            line.connect(str(control))
            with line.makefile("rw", encoding="utf-8") as talk:
                talk.readline()  # its greeting
                for command in ("qmp_capabilities", "system_reset"):
                    talk.write(json.dumps({"execute": command}) + "\n")
                    talk.flush()
                    _take_answer(talk)
    except (OSError, ValueError, LookupError) as error:
        raise FlashError(f"QEMU could not be told to reset the board: {error}") from error


def _take_answer(talk: TextIO) -> None:
    """Read up to the answer to a command; events may come before it."""
    while "return" not in (message := json.loads(talk.readline())):
        if "error" in message:
            raise ValueError(message["error"]["desc"])


def qemu_command(emulator: Emulator, elf: Path) -> list[str]:
    """Return a command that runs ``elf``, with its UART on a TCP port that is free now."""
    return _command(emulator, elf, free_port())


def _command(emulator: Emulator, elf: Path, port: int) -> list[str]:
    assert emulator.command is not None and emulator.machine is not None
    machine = [emulator.command, "-M", emulator.machine, "-kernel", str(elf), *emulator.args]
    serial = f"tcp:127.0.0.1:{port},server=on,wait=off,nodelay=on"
    return [*machine, "-nographic", "-monitor", "none", "-serial", serial]
