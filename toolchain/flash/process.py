"""The host target: the image is a program whose serial line is a pseudo-terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolchain.errors import FlashError
from toolchain.flash.child import Child, running
from toolchain.target import Emulator


@contextmanager
def run_process(emulator: Emulator, elf: Path) -> Iterator[str]:
    """Run ``elf`` and yield the pseudo-terminal whose name it prints.

    Raises:
        FlashError: if it cannot be started or does not name its pseudo-terminal.
    """
    with running(process_command(emulator, elf), elf.name) as program:
        line = program.wait_for(lambda: serial_line(program))
        if line is None:
            raise FlashError(f"{elf.name} did not name its serial line: {program.complaint()}")
        yield line


def process_command(emulator: Emulator, elf: Path) -> list[str]:
    """Return the command that runs ``elf``."""
    return [str(elf.resolve())]


def serial_line(program: Child) -> str | None:
    """Return the pseudo-terminal that the program has named, if it has."""
    lines = program.output()
    return lines[0] if lines and lines[0].startswith("/dev/") else None
