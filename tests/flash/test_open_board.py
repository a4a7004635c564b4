"""Boards are started, found to be dead, and always cleaned up."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.builds import build_once
from tests.processes import descendants, require_gone_with_starter
from toolchain.errors import FlashError, LinkError, MissingToolError
from toolchain.flash import keeper, open_board
from toolchain.link import Board
from toolchain.target import load_target

MODEL = "wav2small-17k"
TARGETS = ("host", "mps2-an386")


def with_emulator(name, **changes):
    target = load_target(name)
    return target.model_copy(update={"emulator": target.emulator.model_copy(update=changes)})


@pytest.mark.parametrize("target_name", TARGETS)
def test_a_board_runs_inside_the_block_and_is_gone_after_it(target_name):
    build = build_once(target_name, MODEL)
    before = descendants()
    with open_board(load_target(target_name), build.elf) as url:
        assert descendants() - before
        with Board(url) as board:
            assert board.hello().build_id == build.build_id
    assert not descendants() - before


@pytest.mark.parametrize("target_name", TARGETS)
def test_a_board_is_gone_after_an_error(target_name):
    before = descendants()
    with pytest.raises(KeyboardInterrupt), open_board(load_target(target_name), build_once(target_name, MODEL).elf):
        raise KeyboardInterrupt
    assert not descendants() - before


@pytest.mark.parametrize("target_name", TARGETS)
def test_a_board_is_gone_when_its_starter_is_killed(target_name):
    """The starter has no chance to clean up: the end of its pipe does it."""
    require_gone_with_starter(target_name, build_once(target_name, MODEL).elf)


def test_a_port_that_is_given_is_not_touched():
    with open_board(load_target("mps2-an386"), Path("absent.elf"), port="/dev/ttyUSB7") as url:
        assert url == "/dev/ttyUSB7"


def test_an_emulator_that_is_not_installed_is_named_with_its_package():
    target = with_emulator("mps2-an386", command="qemu-system-nothing")
    with pytest.raises(MissingToolError, match="'qemu-system-nothing' is not installed"), open_board(
        target, build_once("mps2-an386", MODEL).elf
    ):
        pass


def test_missing_qemu_names_the_line_that_installs_it(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingToolError) as caught, open_board(load_target("mps2-an386"), Path("x.elf")):
        pass
    assert caught.value.hint == "run: sudo apt-get install --no-install-recommends qemu-system-arm"


def test_an_emulator_that_dies_is_quoted():
    target = with_emulator("mps2-an386", machine="mps2-an999")
    elf = build_once("mps2-an386", MODEL).elf
    expected = "the emulator did not start: qemu-system-arm: unsupported machine"
    with pytest.raises(FlashError, match=expected), open_board(target, elf):
        pass


def test_an_image_that_is_not_there():
    for target_name in TARGETS:
        with pytest.raises(FlashError), open_board(load_target(target_name), Path("absent.elf")):
            pass


def test_a_program_that_is_not_firmware(tmp_path):
    program = tmp_path / "firmware.elf"
    program.write_text("#!/bin/sh\necho out of memory\n")
    program.chmod(0o755)
    with pytest.raises(FlashError, match="did not name its serial line: out of memory"), open_board(
        load_target("host"), program
    ):
        pass


def test_a_target_without_an_emulator_asks_for_a_port():
    target = load_target("host").model_copy(update={"emulator": None})
    with pytest.raises(FlashError, match="has no emulator") as caught, open_board(target, Path("x.elf")):
        pass
    assert "--port" in caught.value.hint


def test_a_crash_is_quoted_in_the_link_error(tmp_path, monkeypatch):
    monkeypatch.setattr("toolchain.flash.child._CRASH_SECONDS", 60.0)  # no longer than it takes
    program = tmp_path / "firmware.elf"
    program.write_text("#!/bin/sh\necho /dev/null\necho Segmentation fault\n")
    program.chmod(0o755)
    with pytest.raises(LinkError, match="no answer") as caught, open_board(load_target("host"), program):
        raise LinkError("no answer")
    assert caught.value.hint == "firmware.elf has ended: Segmentation fault"


def test_the_keeper_passes_the_exit_code_on():
    run = [sys.executable, keeper.__file__, sys.executable, "-c", "raise SystemExit(7)"]
    with subprocess.Popen(run, stdin=subprocess.PIPE) as process:
        assert process.wait(60) == 7
