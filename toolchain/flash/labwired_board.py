"""The LabWired simulator, which knows the registers of many chips. Slow: a million instructions per second or so."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from toolchain.errors import FlashError
from toolchain.extras import require
from toolchain.flash.child import running
from toolchain.flash.tcp import free_port, takes_connections
from toolchain.target import Emulator

_BRIDGE = Path(__file__).with_name("labwired_bridge.py")


@contextmanager
def run_labwired(emulator: Emulator, elf: Path) -> Iterator[str]:
    """Run ``elf`` on the simulated chip and yield its UART as a ``socket://`` URL.

    Raises:
        MissingToolError: if LabWired is not installed.
        FlashError: if it ends instead of running, with what it said.
    """
    require("labwired", extra="test")
    if not elf.is_file():
        raise FlashError(f"there is no image {elf}", "run 'toolchain build' first")
    port = free_port()
    with running(_command(emulator, elf, port), "labwired") as simulation:
        if not simulation.wait_for(partial(takes_connections, port)):
            raise FlashError(f"the emulator did not start: {simulation.complaint()}")
        yield f"socket://127.0.0.1:{port}"


def labwired_command(emulator: Emulator, elf: Path) -> list[str]:
    """Return a command that runs ``elf``, with its UART on a TCP port that is free now."""
    return _command(emulator, elf, free_port())


def _command(emulator: Emulator, elf: Path, port: int) -> list[str]:
    assert emulator.machine is not None
    return [sys.executable, str(_BRIDGE), emulator.machine, str(elf), str(port), *emulator.args]
