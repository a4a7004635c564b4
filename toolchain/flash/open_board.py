"""One way to any board: a context that gives a port while the board runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolchain.errors import FlashError
from toolchain.flash.labwired_board import labwired_command, run_labwired
from toolchain.flash.process import process_command, run_process
from toolchain.flash.qemu import qemu_command, run_qemu
from toolchain.flash.rp2040js import rp2040js_command, run_rp2040js
from toolchain.target import Emulator, Target

_STARTERS = {
    "labwired": run_labwired,
    "process": run_process,
    "qemu": run_qemu,
    "rp2040js": run_rp2040js,
}
_COMMANDS = {
    "labwired": labwired_command,
    "process": process_command,
    "qemu": qemu_command,
    "rp2040js": rp2040js_command,
}


@contextmanager
def open_board(target: Target, elf: Path, port: str | None = None) -> Iterator[str]:
    """Start ``elf`` on the target's emulator and yield the URL of its port, for `toolchain.link.Board`.

    Args:
        target: the board.
        elf: the image's ELF file.
        port: a port where the board already runs; nothing is started then, and the port itself is yielded.

    Raises:
        FlashError: if the target has no emulator, or the emulator ends instead of running.
        MissingToolError: if the emulator is not installed.
    """
    if port is not None:
        yield port
        return
    if target.emulator is None:
        raise FlashError(f"{target.name} has no emulator", "attach the board and name its port with --port")
    with _STARTERS[target.emulator.kind](target.emulator, elf) as url:
        yield url


def emulator_command(emulator: Emulator, elf: Path) -> list[str]:
    """Return the command that `open_board` would start, for a user to copy."""
    return _COMMANDS[emulator.kind](emulator, elf)
