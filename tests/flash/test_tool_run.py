"""Tools are stopped, quoted and not believed too easily."""

import importlib
import os
import signal
import sys
import time

import pytest

from tests.flash.images import build_of
from tests.processes import descendants, is_gone
from toolchain.errors import FlashError
from toolchain.flash import Job, write_board
from toolchain.flash.flash_tool import Command, Complaint, FlashTool, explainer
from toolchain.flash.tool_run import run_tool
from toolchain.target import load_target
from toolchain.target.schema import StFlash


def command(script: str, seconds: float = 30) -> Command:
    return Command((sys.executable, "-u", "-c", script), seconds, success="all is well")


def test_a_tool_that_says_so_has_succeeded():
    seen = []
    run = run_tool(command("print('12.5 % done'); print('99%'); print('all is well')"), seen.append)
    assert run.succeeded
    assert seen == [12.5, 99]


@pytest.mark.parametrize("script", ["print('all is well'); raise SystemExit(1)", "print('bye')", ""])
def test_an_exit_code_or_a_sentence_alone_is_no_success(script):
    assert not run_tool(command(script)).succeeded


def test_both_streams_are_kept_and_the_error_is_quoted():
    run = run_tool(command("import sys; print('Error: no luck'); print('bye'); sys.stderr.write('more')"))
    assert run.output.split() == ["Error:", "no", "luck", "bye", "more"]
    assert run.complaint == "Error: no luck"


def test_a_tool_that_hangs_is_stopped():
    before = descendants()
    start = time.monotonic()
    run = run_tool(command("import time; print('all is well'); time.sleep(60)", seconds=1))
    assert time.monotonic() - start < 50  # it would sleep for longer
    assert run.timed_out
    assert not run.succeeded
    assert not descendants() - before


def test_a_tool_is_gone_after_ctrl_c():
    def interrupt(percent: float) -> None:
        raise KeyboardInterrupt

    before = descendants()
    with pytest.raises(KeyboardInterrupt):
        run_tool(command("import time; print('1%'); time.sleep(60)"), interrupt)
    assert not descendants() - before


#: Starts a process that keeps the output open, and says its number; `how` is more of what it is started with.
HELPER = """
import subprocess, sys, time
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]{how})
print("helper", helper.pid, "all is well")
"""


@pytest.mark.parametrize("then", ["time.sleep(60)", "", "raise SystemExit(1)"], ids=["hangs", "ends", "fails"])
def test_what_a_tool_has_started_goes_with_it(then):
    run = run_tool(command(HELPER.format(how="") + then, seconds=5 if "sleep" in then else 60))
    assert run.timed_out == ("sleep" in then)
    assert run.succeeded == (then == "")
    assert is_gone(int(run.output.split()[1]))


def test_what_a_tool_leaves_running_on_purpose_is_not_waited_for():
    start = time.monotonic()
    run = run_tool(command(HELPER.format(how=", start_new_session=True")))
    assert run.succeeded
    assert time.monotonic() - start < 30  # the helper sleeps for longer
    os.kill(int(run.output.split()[1]), signal.SIGKILL)


def test_a_tool_that_closes_its_output_and_hangs_is_stopped():
    run = run_tool(command("import os, time; os.close(1); os.close(2); time.sleep(60)", seconds=1))
    assert run.timed_out


def test_nothing_is_typed_to_a_tool_that_asks():
    assert "EOFError" in run_tool(command("input('which one? ')")).output


def test_a_tool_that_cannot_be_started():
    with pytest.raises(FlashError, match="cannot start /nothing: No such file"):
        run_tool(Command(("/nothing",), 1, success=""))


@pytest.fixture
def flash_with(tmp_path, monkeypatch):
    """Flashes with a tool that is a line of Python."""
    image = tmp_path / "firmware.bin"
    image.write_bytes(b"image")

    def flash(script: str, seconds: float = 30) -> None:
        complaints = [Complaint("no luck", "no luck with {chip}", "try again")]
        steps = [command(script, seconds)]
        tool = FlashTool("flasher", lambda job, table: steps, explainer(complaints), require=lambda table: None)
        monkeypatch.setitem(importlib.import_module("toolchain.flash.write_board")._TOOLS, "st-flash", tool)
        write_board(Job(load_target("stm32f405"), build_of(image)), StFlash(kind="st-flash"))

    return flash


def test_what_no_complaint_explains_is_quoted(flash_with, tmp_path):
    with pytest.raises(FlashError, match=r"^flasher failed: fatal: something else$") as caught:
        flash_with("print('fatal: something else'); print('bye')")
    assert str(tmp_path / "flash.log") in caught.value.hint
    assert (tmp_path / "flash.log").read_text() == "fatal: something else\nbye\n"


def test_a_tool_that_was_stopped_says_for_how_long_it_ran(flash_with):
    with pytest.raises(FlashError, match=r"^flasher was stopped after 3 s: connecting$"):
        flash_with("import time; print('connecting'); time.sleep(60)", seconds=3)


def test_a_tool_that_hangs_after_an_error_is_not_called_slow(flash_with):
    with pytest.raises(FlashError, match=r"^no luck with STM32F405RG$"):
        flash_with("import time; print('no luck'); time.sleep(60)", seconds=3)
