"""A program that runs for as long as the board it stands for is wanted."""

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from toolchain.errors import FlashError, LinkError
from toolchain.flash.process_group import end_group

ReadyT = TypeVar("ReadyT")

#: Seconds it may take to be ready, and to end after its standard input was closed.
START_TIMEOUT = 10.0
STOP_TIMEOUT = 2.0

#: A program that crashes closes its line a little before it is gone.
_CRASH_SECONDS = 0.5

_POLL_SECONDS = 0.02


class Child:
    """A running program. It must end when its standard input does, so that it stops even if we are killed.

    Args:
        command: the program and its arguments.
        name: the program's name.
        log: the file that takes what it prints.

    Raises:
        OSError: if it cannot be started.
    """

    def __init__(self, command: Sequence[str], name: str, log: Path) -> None:
        self._name = name
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for(self, ready: Callable[[], ReadyT | None]) -> ReadyT | None:
        """Return what ``ready`` returns as soon as it is not None; None if the program ends or takes too long."""
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            ended = self._process.poll() is not None
            if (result := ready()) is not None:
                return result
            if ended:
                return None
            time.sleep(_POLL_SECONDS)
        return None

    def has_ended(self) -> bool:
        """Whether the program has ended, or does so in a moment."""
        try:
            self._process.wait(_CRASH_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        return True

    def exit_code(self) -> int | None:
        """How the program ended, a signal as its negative number; None if it runs still."""
        return self._process.poll()

    def output(self) -> list[str]:
        """All lines it has printed."""
        return self._log.read_text(errors="replace").strip().splitlines()

    def complaint(self) -> str:
        """The last line it printed; of those that begin with its name, as errors do, if there are any."""
        lines = self.output() or ["it printed nothing"]
        complaints = [line for line in lines if line.startswith(f"{self._name}:")]
        return (complaints or lines)[-1]

    def stop(self) -> None:
        """End the program and wait until it is gone, and all it has started."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_TIMEOUT)
        self.kill()

    def kill(self) -> None:
        """End the program at once, and all it has started."""
        assert self._process.stdin is not None
        end_group(self._process)
        self._process.stdin.close()


@contextmanager
def running(command: Sequence[str], name: str) -> Iterator[Child]:
    """Run ``command`` inside the ``with`` block.

    Raises:
        FlashError: if it cannot be started.
        LinkError: one from inside the block; if the program has ended by itself, the hint says so.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            child = Child(command, name, Path(folder) / "output.txt")
        except OSError as error:
            raise FlashError(f"cannot start {name}: {error.strerror}") from error
        try:
            yield child
        except LinkError as error:
            if child.has_ended():
                raise LinkError(error.message, f"{name} has ended: {child.complaint()}") from error
            raise
        finally:
            child.stop()
