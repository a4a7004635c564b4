"""The host target: the image is a program whose serial line is a pseudo-terminal."""

import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolchain.errors import FlashError
from toolchain.target import Emulator

#: Seconds a program may take to start, and to end after its standard input was closed.
START_TIMEOUT = 5.0
STOP_TIMEOUT = 2.0


@contextmanager
def run_process(emulator: Emulator, elf: Path) -> Iterator[str]:
    """Run ``elf`` and yield the pseudo-terminal it prints the name of.

    The program ends when its standard input does, so it stops even if this process is killed.

    Raises:
        FlashError: if it cannot be started or does not name its pseudo-terminal.
    """
    try:
        process = subprocess.Popen(
            [elf.resolve()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except OSError as error:
        raise FlashError(f"cannot start {elf}: {error.strerror}", "build the image again") from error
    try:
        yield _first_line(process, elf)
    finally:
        _stop(process)


def _first_line(process: "subprocess.Popen[str]", elf: Path) -> str:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START_TIMEOUT)
    line = process.stdout.readline().strip() if ready else ""
    if not line.startswith("/dev/"):
        raise FlashError(f"{elf.name} did not name its serial line: {line or 'it printed nothing'}")
    return line


def _stop(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.close()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
