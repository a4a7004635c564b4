"""Which processes a test has started, read from /proc."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def descendants(of: int | None = None) -> set[int]:
    """Ids of all living processes that a process has started, this one if none is named, and of those they have."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (parent := _parent(folder)) is not None:
            parents[int(folder.name)] = parent
    ancestor = of or os.getpid()
    found = {ancestor}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {ancestor}


def is_alive(pid: int) -> bool:
    """Whether a process exists and is not merely waiting to be reaped."""
    return _parent(Path(f"/proc/{pid}")) is not None


def is_gone(pid: int, seconds: float = 30.0) -> bool:
    """Whether a process that was killed is gone, or is so soon: on a busy computer, once its turn has come."""
    end = time.monotonic() + seconds
    while is_alive(pid) and time.monotonic() < end:
        time.sleep(0.01)
    return not is_alive(pid)


def takes_ctrl_c() -> None:
    """For ``preexec_fn``: this process may have been started to ignore Ctrl-C, and a child would inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def command_line(pid: int) -> str:
    """What a process was started as, or "" if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def require_gone_with_starter(target_name: str, elf: Path) -> None:
    """Fail if anything of a board outlives the process that opened it, which is killed and cannot clean up."""
    script = (
        "import time; from pathlib import Path\n"
        "from toolchain.flash import open_board; from toolchain.target import load_target\n"
        f"with open_board(load_target({target_name!r}), Path({str(elf)!r})) as url:\n"
        "    print(url, flush=True); time.sleep(60)\n"
    )
    before = descendants()
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        starter.stdout.readline()
        started = descendants() - before - {starter.pid}
        starter.kill()
    assert started
    assert all(map(is_gone, started))


def listening_on(url: str) -> int:
    """The emulator among our descendants whose serial line is at ``socket://host:port``."""
    port = url.rpartition(":")[2]
    commands = {pid: command_line(pid) for pid in descendants()}
    return next(
        pid for pid, command in commands.items() if f":{port}," in command and "qemu-system-" in command.split()[0]
    )


def _parent(folder: Path) -> int | None:
    try:
        state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
    except (OSError, ValueError):
        return None
    return None if state == "Z" else int(parent)
