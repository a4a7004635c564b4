"""A program that stands for a board goes with everything it has started, however it is ended."""

import sys

import pytest

from tests.processes import descendants, is_alive, is_gone
from toolchain.flash import keeper
from toolchain.flash.child import Child

#: Says its number and goes on, whatever becomes of its standard input.
STUBBORN = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"

#: Starts one of these and ends when its standard input does.
WITH_HELPER = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {STUBBORN!r}])
sys.stdin.read()
"""

COMMANDS = {
    "kept": [sys.executable, keeper.__file__, sys.executable, "-c", STUBBORN],
    "helped": [sys.executable, "-c", WITH_HELPER],
    "alone": [sys.executable, "-c", STUBBORN],
}


@pytest.fixture
def short_patience(monkeypatch):
    monkeypatch.setattr("toolchain.flash.child.STOP_TIMEOUT", 0.2)


@pytest.mark.usefixtures("short_patience")
@pytest.mark.parametrize("end", [Child.stop, Child.kill], ids=["stop", "kill"])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_nothing_of_a_program_stays(command, end, tmp_path):
    before = descendants()
    child = Child(command, "program", tmp_path / "output.txt")
    started = child.wait_for(lambda: next(iter(child.output()), None))
    assert started is not None
    assert is_alive(int(started))
    end(child)
    assert is_gone(int(started))
    assert not descendants() - before
