"""Open a serial port by name or URL, and say in one sentence why it cannot be opened."""

import errno
import hashlib
import os
import re
import socket
import tempfile
from contextlib import suppress
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from urllib.parse import urlsplit

import serial
from serial.tools import list_ports

from toolchain.errors import LinkError
from toolchain.locks import Lock

#: Seconds a read may wait for bytes: short, because reading is what the session does while it waits.
READ_SECONDS = 0.001

#: The number in the text of an `OSError`, as Unix and Windows print it.
_ERRNO = re.compile(r"\[Errno (\d+)\]|\b\w+Error\((\d+),")

#: What this computer calls itself: no name is that of the loopback, too. Other addresses in 127.0.0.0/8 have ports of
#: their own.
_THIS_COMPUTER = ("", "localhost", "localhost.localdomain", "localhost6", "ip6-localhost", "ip6-loopback")
_LOOPBACK = (ip_address("127.0.0.1"), ip_address("::1"))


class PortError(LinkError):
    """A port cannot be opened, or has gone: neither need last, for a board that has just been reset."""


def open_port(url: str, baud: int, write_seconds: float) -> serial.SerialBase:
    """Open ``url``: a device, ``COM3``, ``socket://host:port``, ``rfc2217://host:port``.

    Args:
        url: what pyserial's ``serial_for_url`` takes.
        baud: bits per second, 8N1.
        write_seconds: how long a write may be stuck before it fails.

    Raises:
        PortError: if it is absent, busy, in use by another run, not permitted, or no such kind of port exists.
    """
    lock = _hold(url)
    try:
        port = serial.serial_for_url(
            url, baudrate=baud, timeout=READ_SECONDS, write_timeout=write_seconds, exclusive=True
        )
    except (serial.SerialException, ValueError, OSError) as error:
        _release(lock)
        raise PortError(*explain(url, str(error))) from error
    close = port.close

    def release_and_close() -> None:
        # In this order: the name of a pseudo-terminal may be given to another one as soon as it is closed.
        _release(lock)
        close()

    port.close = release_and_close
    return port


def lock_file(url: str) -> Path:
    """Where the lock of a port lies: in the system's folder for temporary files, one for all names of a port.

    Of ports in the network these are all that can be told without asking it: a host's name and its address are two.
    """
    name = _network_name(url) if "://" in url else os.path.realpath(url)
    digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()
    return Path(tempfile.gettempdir()) / f"wav2small-port-{digest[:16]}.lock"


def _network_name(url: str) -> str:
    """One name for all URLs of a port in the network, whatever its protocol and options; others as they are."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    if parts.scheme not in ("socket", "rfc2217") or port is None:
        return url
    return f"{_host_name(parts.hostname or '')}:{port}"


def _host_name(host: str) -> str:
    """One name for this computer, and for every other host one for all ways to write its address or name."""
    name = host.rstrip(".").lower()
    # As the system reads numbers: 127.1 and 0x7f000001 are addresses, too.
    with suppress(OSError):
        name = socket.inet_ntoa(socket.inet_aton(name))
    try:
        address = ip_address(name)
    except ValueError:
        return "localhost" if name in _THIS_COMPUTER or name.endswith(".localhost") else name
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    # A connection to the unspecified address is one to this computer.
    return "localhost" if address in _LOOPBACK or address.is_unspecified else str(address)


def _hold(url: str) -> Lock | None:
    """Keep other runs of the toolchain from a port.

    Returns:
        None where no lock can be made: `exclusive` then still guards a device, on systems that have it.

    Raises:
        PortError: if another run has it.
    """
    taken = PortError(f"the port {url} is in use by another run", "wait until it ends, or name another --port")
    try:
        return Lock(lock_file(url), taken)
    except OSError:
        return None


def _release(lock: Lock | None) -> None:
    if lock is not None:
        lock.release()


def explain(url: str, text: str) -> tuple[str, str]:
    """Return message and hint for a port that cannot be opened.

    Args:
        url: the port.
        text: what pyserial says, ours or that of a tool; the operating system's error number is in it.
    """
    found = _ERRNO.search(text)
    number = int(found[1] or found[2]) if found else None
    if number == errno.ENOENT:
        present = ", ".join(sorted(port.device for port in list_ports.comports()))
        return f"there is no port {url}", f"ports present: {present}" if present else "no board is attached"
    if number in (errno.EACCES, errno.EPERM):
        return (
            f"no permission to open {url}",
            "run: sudo usermod -aG dialout $USER, then log in again (on Windows: another program has it open)",
        )
    if number in (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK):
        return f"the port {url} is in use by another program", "close that program and try again"
    return f"cannot open the port {url}: {text}", "check the port's name; the board must be attached and running"
