"""End a program with everything it has started: an emulator under its keeper, a tool's helpers."""

import os
import signal
import subprocess
from contextlib import suppress
from typing import Any


def end_group(process: subprocess.Popen[Any]) -> None:
    """Kill a program that was started in a session of its own, and its group; wait until it is gone.

    Where there are no process groups, on Windows, the program alone.

    Args:
        process: whether it still runs or has ended: what it has started may outlive it.
    """
    if os.name == "posix":
        # PermissionError is what macOS says of a group in which all have ended but are not reaped.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
