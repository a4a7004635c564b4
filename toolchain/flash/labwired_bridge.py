"""Runs an image in the LabWired simulator, with the board's UART on a TCP port of this computer.

The simulated board stands still where nobody lets its time pass, so this is a program of its own that does. It ends
when standard input ends. Run as ``python labwired_bridge.py chip image.elf port``.
"""

import contextlib
import os
import socket
import sys
import threading

from labwired import Sim

#: Simulated time between two looks at the socket: about one byte at 115,200 bits per second.
_SLICE = "100us"

#: Bytes taken from the socket at once.
_READ_BYTES = 256


def main(chip: str, elf: str, port: int) -> None:
    """Simulate ``elf`` on ``chip`` until standard input ends; one connection at a time, as on a serial line."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    with Sim(elf, chip=chip) as board, socket.create_server(("127.0.0.1", port)) as server:
        while True:
            line, _ = server.accept()
            with line, contextlib.suppress(ConnectionError):
                _join(board, line)


def _end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)


def _join(board: Sim, line: socket.socket) -> None:
    """Carry bytes both ways until the other end closes."""
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.setblocking(False)
    while True:
        try:
            received = line.recv(_READ_BYTES)
            if not received:
                return
            board.send_bytes(received)
        except BlockingIOError:
            pass
        board.run_for(_SLICE)
        sent = board.read_uart_bytes()
        if sent:
            line.setblocking(True)
            line.sendall(sent)
            line.setblocking(False)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
