"""An emulated board that a debugger has stopped, for tests that write into its flash."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.builds import need
from toolchain.flash import keeper
from toolchain.target import load_target
from toolchain.target.schema import Gdb


class Halted(NamedTuple):
    """A board that a debugger has stopped: where its GDB server and its UART are."""

    server: str
    uart: str


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in sockets]
    for server in sockets:
        server.close()
    return ports


@contextmanager
def halted_board(image: Path | None = None, base: str = "stm32f405") -> Iterator[Halted]:
    """QEMU before its first instruction; ``image`` is what its flash holds, nothing without it."""
    emulator = load_target(base).emulator
    need(emulator.command)
    need("gdb-multiarch")
    gdb_port, uart_port = free_ports(2)
    kernel = ["-kernel", str(image)] if image else []
    machine = [emulator.command, "-M", emulator.machine, *emulator.args, *kernel]
    debug = ["-S", "-gdb", f"tcp:127.0.0.1:{gdb_port}"]
    uart = ["-nographic", "-monitor", "none", "-serial", f"tcp:127.0.0.1:{uart_port},server=on,wait=off,nodelay=on"]
    process = subprocess.Popen([sys.executable, keeper.__file__, *machine, *debug, *uart], stdin=subprocess.PIPE)
    with process:
        wait_until_it_listens(gdb_port)
        yield Halted(f"127.0.0.1:{gdb_port}", f"socket://127.0.0.1:{uart_port}")
        process.stdin.close()


def wait_until_it_listens(port: int) -> None:
    """A connection would be a debugger's: the kernel's table of sockets is looked at instead."""
    wanted = f"0100007F:{port:04X} 00000000:0000 0A"
    deadline = time.monotonic() + 10
    while wanted not in Path("/proc/net/tcp").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def table_for(board: Halted) -> Gdb:
    """QEMU calls a reset by another name than debug probes do."""
    return Gdb(kind="gdb", server=board.server, reset="system_reset")
