"""Open a serial port by name or URL, and say in one sentence why it cannot be opened."""

import errno

import serial
from serial.tools import list_ports

from toolchain.errors import LinkError

#: Seconds a read may wait for bytes: short, because reading is what the session does while it waits.
READ_SECONDS = 0.001


def open_port(url: str, baud: int, write_seconds: float) -> serial.SerialBase:
    """Open ``url``: a device, ``COM3``, ``socket://host:port``, ``rfc2217://host:port``.

    Args:
        url: what pyserial's ``serial_for_url`` takes.
        baud: bits per second, 8N1.
        write_seconds: how long a write may be stuck before it fails.

    Raises:
        LinkError: if it is absent, busy, not permitted, or no such kind of port exists.
    """
    try:
        return serial.serial_for_url(
            url, baudrate=baud, timeout=READ_SECONDS, write_timeout=write_seconds, exclusive=True
        )
    except (serial.SerialException, ValueError, OSError) as error:
        raise LinkError(*_explain(url, error)) from error


def _explain(url: str, error: Exception) -> tuple[str, str]:
    number = getattr(error, "errno", None)
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
    return f"cannot open the port {url}: {error}", "check the port's name; the board must be attached and running"
