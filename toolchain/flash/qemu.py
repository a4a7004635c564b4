"""QEMU with the board's UART on a TCP port of this computer."""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from toolchain.errors import FlashError
from toolchain.flash import keeper
from toolchain.target import Emulator
from toolchain.tools import find_tool

#: Seconds QEMU may take until its port answers, and to end when told to.
START_TIMEOUT = 10.0
STOP_TIMEOUT = 2.0

#: Another program may take a free port before QEMU does; then the next one is tried.
_ATTEMPTS = 3
_PORT_TAKEN = "Address already in use"

_POLL_SECONDS = 0.02


@contextmanager
def run_qemu(emulator: Emulator, elf: Path) -> Iterator[str]:
    """Run ``elf`` on the emulated machine and yield its UART as a ``socket://`` URL.

    Raises:
        MissingToolError: if QEMU is not installed.
        FlashError: if QEMU ends instead of running, with the last line it printed.
    """
    assert emulator.command is not None and emulator.machine is not None
    qemu = find_tool(emulator.command)
    if not elf.is_file():
        raise FlashError(f"there is no image {elf}", "run 'toolchain build' first")
    command = [str(qemu), "-M", emulator.machine, "-kernel", str(elf), *emulator.args]
    with tempfile.TemporaryFile() as output:
        process, port = _start(command, output)
        try:
            yield f"socket://127.0.0.1:{port}"
        finally:
            _stop(process)


def _start(command: list[str], output: IO[bytes]) -> tuple["subprocess.Popen[bytes]", int]:
    for attempt in range(_ATTEMPTS):
        port = _free_port()
        serial = f"tcp:127.0.0.1:{port},server=on,wait=off,nodelay=on"
        process = subprocess.Popen(
            [sys.executable, keeper.__file__, *command, "-nographic", "-monitor", "none", "-serial", serial],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            if _answers(process, port):
                return process, port
        except BaseException:
            _stop(process)
            raise
        _stop(process)
        last_line = _last_line(output)
        if attempt + 1 == _ATTEMPTS or _PORT_TAKEN not in last_line:
            break
    raise FlashError(f"{Path(command[0]).name} did not start the board: {last_line}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(process: "subprocess.Popen[bytes]", port: int) -> bool:
    """Wait until the port takes connections; False if the emulator ended or took too long."""
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=_POLL_SECONDS).close()
            return True
        except OSError:
            time.sleep(_POLL_SECONDS)
    return False


def _last_line(output: IO[bytes]) -> str:
    output.seek(0)
    lines = output.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it printed nothing"


def _stop(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
