"""Run a flashing tool: with a time limit, with its output kept, and believed only when it says that all went well."""

import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from toolchain.errors import FlashError
from toolchain.flash.flash_tool import Command

#: Tools that draw with rich (esptool) break lines at the width of the terminal, in a pipe, too.
_ENVIRONMENT = {"COLUMNS": "400", "NO_COLOR": "1"}

_PERCENT = re.compile(r"(\d+(?:\.\d+)?) ?%")
_LOOKS_LIKE_AN_ERROR = re.compile(r"error|fail|fatal|cannot|could not", re.IGNORECASE)


@dataclass(frozen=True)
class ToolRun:
    """What became of one command.

    Attributes:
        output: all it printed, on standard output and error.
        succeeded: it ended in time, with exit code 0, and said that all went well.
        timed_out: it was stopped.
    """

    output: str
    succeeded: bool
    timed_out: bool

    @property
    def complaint(self) -> str:
        """The last line that looks like an error, or the last line."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()] or ["it printed nothing"]
        return ([line for line in lines if _LOOKS_LIKE_AN_ERROR.search(line)] or lines)[-1]


def run_tool(command: Command, on_progress: Callable[[float], None] = lambda percent: None) -> ToolRun:
    """Run one command to its end, or for as long as it may take.

    Args:
        command: what to run.
        on_progress: called with the percentages that it prints.

    Raises:
        FlashError: if it cannot be started.
    """
    lines = []
    with _started(command) as process, _stopped_after(command.seconds, process) as timed_out:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if percent := _PERCENT.search(line):
                on_progress(float(percent[1]))
        code = process.wait()
    output = "".join(lines)
    said_so = re.search(command.success, output) is not None
    return ToolRun(output, code == 0 and said_so and not timed_out.is_set(), timed_out.is_set())


@contextmanager
def _started(command: Command) -> Iterator[subprocess.Popen[str]]:
    """The running command; whatever happens in the block, it is gone afterwards."""
    try:
        process = subprocess.Popen(
            command.arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, **_ENVIRONMENT},
        )
    except OSError as error:
        raise FlashError(f"cannot start {command.arguments[0]}: {error.strerror}") from error
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def _stopped_after(seconds: float, process: subprocess.Popen[str]) -> Iterator[threading.Event]:
    """Kill the process after so long; the event then says so."""
    timed_out = threading.Event()

    def stop() -> None:
        timed_out.set()
        process.kill()

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        yield timed_out
    finally:
        timer.cancel()
