"""Find a board's serial port by its USB id, and notice when there are several boards."""

from collections.abc import Iterable, Sequence

from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from toolchain.errors import LinkError


def find_port(board: str, usb_ids: Sequence[str], ports: Iterable[ListPortInfo] | None = None) -> str:
    """Return the device of the one port whose USB id is among ``usb_ids``.

    Args:
        board: the target's name, for messages.
        usb_ids: "vid:pid" in lower-case hexadecimal, as in target files.
        ports: where to look; all ports of this computer without it.

    Raises:
        LinkError: if no port matches, or several do: which of two boards is meant is not guessed.
    """
    present = _present(ports)
    matching = [port for port in present if _usb_id(port) in usb_ids]
    if len(matching) == 1:
        device: str = matching[0].device
        return device
    if matching:
        raise LinkError(
            f"{len(matching)} ports may be that of {board}: {_listed(matching)}", "name the right one with --port"
        )
    there = f"ports present: {_listed(present)}" if present else "this computer has no serial port"
    if not usb_ids:
        raise LinkError(f"{board} has no USB id to find its port by", f"name it with --port; {there}")
    raise LinkError(
        f"no port has a USB id of {board} ({', '.join(usb_ids)})",
        f"attach the board, or name its port with --port; {there}",
    )


def require_one_board(board: str, usb_ids: Sequence[str], ports: Iterable[ListPortInfo] | None = None) -> None:
    """Be satisfied unless several boards are attached: a tool that takes the first debug probe might write to another.

    Args:
        board: the target's name, for messages.
        usb_ids: as of `find_port`.
        ports: where to look; all ports of this computer without it.

    Raises:
        LinkError: if several ports match.
    """
    matching = [port for port in _present(ports) if _usb_id(port) in usb_ids]
    if len(matching) > 1:
        raise LinkError(
            f"{len(matching)} boards may be {board}, and the first probe might be another's: {_listed(matching)}",
            "name the serial number of the right one's probe with --probe",
        )


def _present(ports: Iterable[ListPortInfo] | None) -> list[ListPortInfo]:
    return sorted(list_ports.comports() if ports is None else ports, key=lambda port: port.device)


def _usb_id(port: ListPortInfo) -> str | None:
    return None if port.vid is None else f"{port.vid:04x}:{port.pid:04x}"


def _listed(ports: Iterable[ListPortInfo]) -> str:
    return ", ".join(_described(port) for port in ports)


def _described(port: ListPortInfo) -> str:
    """``/dev/ttyUSB0 (10c4:ea60 CP2102N, serial 0001)``."""
    serial = f"serial {port.serial_number}" if port.serial_number else None
    facts = " ".join(part for part in (_usb_id(port), port.product) if part)
    inside = ", ".join(part for part in (facts, serial) if part)
    return f"{port.device} ({inside})" if inside else str(port.device)
