"""Run a flashing tool: with a time limit, with its output kept, and believed only when it says that all went well."""

import os
import queue
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from toolchain.errors import FlashError
from toolchain.flash.flash_tool import Command
from toolchain.flash.process_group import end_group

#: Tools that draw with rich (esptool) break lines at the width of the terminal, in a pipe, too.
_ENVIRONMENT = {"COLUMNS": "400", "NO_COLOR": "1"}

#: How long to listen to what a tool that has ended leaves behind, if that keeps its output open.
_AFTER_END_SECONDS = 1.0
_POLL_SECONDS = 0.1

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
    with _started(command) as process:
        for line in _lines(process, time.monotonic() + command.seconds):
            lines.append(line)
            if percent := _PERCENT.search(line):
                on_progress(float(percent[1]))
        code = process.poll()
    output = "".join(lines)
    said_so = re.search(command.success, output) is not None
    return ToolRun(output, code == 0 and said_so, code is None)


@contextmanager
def _started(command: Command) -> Iterator[subprocess.Popen[str]]:
    """The running command; whatever happens in the block, it is gone afterwards with all it has started."""
    try:
        process = subprocess.Popen(
            command.arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, **_ENVIRONMENT},
            start_new_session=True,
        )
    except OSError as error:
        raise FlashError(f"cannot start {command.arguments[0]}: {error.strerror}") from error
    try:
        yield process
    finally:
        end_group(process)


def _lines(process: subprocess.Popen[str], end: float) -> Iterator[str]:
    """Yield the lines of a tool until it has ended, or the time is over.

    They are read by a thread, so that nothing that the tool leaves running, and that keeps its output open, is waited
    for.
    """
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_read_lines, args=(process, lines), daemon=True).start()
    while time.monotonic() < end:
        try:
            line = lines.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            if process.poll() is not None:
                end = min(end, time.monotonic() + _AFTER_END_SECONDS)
            continue
        if line is None:
            _wait_until(process, end)
            return
        yield line


def _read_lines(process: subprocess.Popen[str], lines: "queue.SimpleQueue[str | None]") -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            lines.put(line)
    lines.put(None)


def _wait_until(process: subprocess.Popen[str], end: float) -> None:
    """Wait for a tool that has closed its output to end."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(max(0.0, end - time.monotonic()))
