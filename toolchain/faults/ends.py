"""The two ends of a faulty line: one that a host opens, and one that opens a board's port."""

import os
import socket
import termios
import tty
from typing import Protocol

_READ_BYTES = 4096

#: A board that takes no bytes for so long is gone.
_STUCK_SECONDS = 10.0

_SOCKET = "socket://"


class End(Protocol):
    """One end of the line. Reading and writing raise OSError when the other side is gone for good."""

    url: str

    def fileno(self) -> int:
        """What to wait on before `read`."""

    def read(self) -> bytes:
        """Return what has come in; nothing if that was only a sign of life."""

    def write(self, data: bytes) -> None:
        """Send all of it."""

    def close(self) -> None:
        """Take this end away; the other side notices."""


class Gone(OSError):
    """The other side has closed its end."""


class TerminalForHost:
    """A pseudo-terminal for the host to open; it stays there while the host comes and goes."""

    def __init__(self) -> None:
        self._end, self._far_end = os.openpty()
        tty.setraw(self._far_end)
        self.url = os.ttyname(self._far_end)

    def fileno(self) -> int:
        """See `End`."""
        return self._end

    def read(self) -> bytes:
        """See `End`."""
        return os.read(self._end, _READ_BYTES)

    def write(self, data: bytes) -> None:
        """See `End`."""
        _write_all(self._end, data)

    def close(self) -> None:
        """See `End`."""
        os.close(self._end)
        os.close(self._far_end)


class SocketForHost:
    """A TCP port of this computer for the host to connect to, once or again and again."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connection: socket.socket | None = None
        self.url = f"{_SOCKET}127.0.0.1:{self._listener.getsockname()[1]}"

    def fileno(self) -> int:
        """See `End`."""
        return (self._connection or self._listener).fileno()

    def read(self) -> bytes:
        """Return what has come in; a host that comes or goes is a sign of life."""
        if self._connection is None:
            self._connection, _ = self._listener.accept()
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return b""
        data = self._connection.recv(_READ_BYTES)
        if not data:
            self._hang_up()
        return data

    def write(self, data: bytes) -> None:
        """Send all of it; what is sent while no host is there is lost."""
        if self._connection is not None:
            try:
                self._connection.sendall(data)
            except OSError:
                self._hang_up()

    def close(self) -> None:
        """See `End`."""
        self._hang_up()
        self._listener.close()

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class TerminalOfBoard:
    """The pseudo-terminal of a board that is a process."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._end = os.open(url, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._end, termios.TCSANOW)  # what the board has said already stays to be read

    def fileno(self) -> int:
        """See `End`."""
        return self._end

    def read(self) -> bytes:
        """See `End`."""
        data = os.read(self._end, _READ_BYTES)
        if not data:
            raise Gone("the board has closed its port")
        return data

    def write(self, data: bytes) -> None:
        """See `End`."""
        _write_all(self._end, data)

    def close(self) -> None:
        """See `End`."""
        os.close(self._end)


class SocketOfBoard:
    """The TCP port of an emulated board."""

    def __init__(self, url: str) -> None:
        self.url = url
        host, _, port = url.removeprefix(_SOCKET).rpartition(":")
        self._connection = socket.create_connection((host, int(port)), timeout=_STUCK_SECONDS)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fileno(self) -> int:
        """See `End`."""
        return self._connection.fileno()

    def read(self) -> bytes:
        """See `End`."""
        data = self._connection.recv(_READ_BYTES)
        if not data:
            raise Gone("the board has closed its port")
        return data

    def write(self, data: bytes) -> None:
        """See `End`."""
        self._connection.sendall(data)

    def close(self) -> None:
        """See `End`."""
        self._connection.close()


def end_for_host(url_of_board: str) -> End:
    """A new end for the host, of the kind that the board's own is."""
    return SocketForHost() if url_of_board.startswith(_SOCKET) else TerminalForHost()


def end_of_board(url: str) -> End:
    """Open the port of a board.

    Raises:
        OSError: if it is not there.
    """
    return SocketOfBoard(url) if url.startswith(_SOCKET) else TerminalOfBoard(url)


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]
