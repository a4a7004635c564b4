"""Runs an image in the LabWired simulator, with the board's UART on a TCP port of this computer.

The simulated board stands still where nobody lets its time pass, so this is a program of its own that does. It ends
when standard input ends.
"""

import argparse
import contextlib
import os
import socket
import sys
import tempfile
import threading
from pathlib import Path

import labwired

#: Simulated time between two looks at the socket: a few bytes at 115,200 bits per second.
_SLICE = "500us"

#: Bytes taken from the socket at once.
_READ_BYTES = 256


def main() -> None:
    """Simulate the image until standard input ends; one connection at a time, as on a serial line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("chip", help="LabWired's name of the chip")
    parser.add_argument("elf", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--cpu-hz", type=int, required=True, help="cycles of the core per second of simulated time")
    options = parser.parse_args()
    threading.Thread(target=_end_with_input, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        system = Path(folder) / "system.yaml"
        system.write_text(system_description(options.chip, options.cpu_hz), encoding="utf-8")
        board = labwired.Sim(options.elf, system=system)
    with board, socket.create_server(("127.0.0.1", options.port)) as server:
        while True:
            line, _ = server.accept()
            with line, contextlib.suppress(ConnectionError):
                _join(board, line)


def _end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)


def system_description(chip: str, cpu_hz: int) -> str:
    """Return LabWired's description of a board with nothing on it but the chip, whose core runs at ``cpu_hz``."""
    chip_file = Path(labwired.__file__).parent / "configs" / "chips" / f"{chip}.yaml"
    if not chip_file.is_file():
        sys.exit(f"labwired: it knows no chip {chip!r}")
    return f'name: "{chip}"\nchip: "{chip_file}"\ncpu_hz: {cpu_hz}\nexternal_devices: []\nboard_io: []\n'


def _join(board: labwired.Sim, line: socket.socket) -> None:
    """Carry bytes both ways until the other end closes."""
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while True:
        line.setblocking(False)
        try:
            received = line.recv(_READ_BYTES)
            if not received:
                return
            board.send_bytes(received)
        except BlockingIOError:
            pass
        line.setblocking(True)
        board.run_for(_SLICE)
        line.sendall(board.read_uart_bytes())


if __name__ == "__main__":
    main()
