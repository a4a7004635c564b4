"""An ending is judged as what it is: nothing that is wrong passes for an error, or for an answer."""

import os
import signal
import subprocess
from dataclasses import replace

import pytest

from toolchain.faults import board_of
from toolchain.faults.fault import Direction, Fault, Kind
from toolchain.faults.prepare import SANITIZERS
from toolchain.faults.session import Outcome, run_session


@pytest.fixture
def board(task):
    with board_of(task.target, task.elf) as board:
        yield board


def ending(board, task, *faults):
    return run_session(board, task, faults, os.urandom)


def test_an_answer_that_is_not_the_references_is_wrong(board, task):
    wrong = ending(board, replace(task, values=task.values + 1))
    assert wrong.outcome is Outcome.WRONG
    assert "is not [" in wrong.said
    assert ending(board, task).outcome is Outcome.RIGHT


def test_a_session_without_an_end_is_a_hang(board, task):
    dead = Fault(Direction.TO_BOARD, 3, Kind.KILL, 0)
    hung = ending(board, replace(task, timeout=60.0, limit=0.5), dead)
    assert (hung.outcome, hung.said) == (Outcome.HANG, "no end within 0.5 s")
    assert hung.seconds < 30.0  # not until the link gives up
    assert ending(board, task).outcome is Outcome.RIGHT


def test_a_killed_board_is_a_named_error_and_the_next_session_finds_a_new_one(board, task):
    killed = ending(board, replace(task, timeout=1.5), Fault(Direction.TO_HOST, 3, Kind.KILL, 0))
    assert killed.outcome is Outcome.NAMED_ERROR
    assert killed.said.startswith("NoProgress: the board on")
    assert ending(board, task).outcome is Outcome.RIGHT


def test_a_board_that_fell_over_before_it_was_reset_is_wrong(board, task):
    """The reset does not hide it."""
    os.kill(board._child._process.pid, signal.SIGABRT)
    board._child._process.wait(60)
    board.reset()
    assert "firmware.elf ended with SIGABRT" in ending(board, task).said
    assert ending(board, task).outcome is Outcome.RIGHT


def test_a_board_that_falls_over_by_itself_is_wrong(board, task):
    os.kill(board._child._process.pid, signal.SIGABRT)
    board._child._process.wait(60)
    fallen = ending(board, task)
    assert fallen.outcome is Outcome.WRONG
    assert "firmware.elf ended with SIGABRT" in fallen.said
    assert ending(board, task).outcome is Outcome.RIGHT


@pytest.mark.parametrize(
    ("fault", "finding"),
    [
        ("volatile int32_t most = INT32_MAX; most += (int32_t)count;", "runtime error: signed integer overflow"),
        ("uint8_t *volatile end = (uint8_t *)(&window + 1); *end = 0;", "AddressSanitizer: global-buffer-overflow"),
    ],
    ids=["undefined", "address"],
)
def test_the_first_finding_of_a_sanitizer_ends_the_firmware_and_is_wrong(task, tmp_path, fault, finding):
    """The real firmware with an error put in where it takes samples."""
    sources = task.elf.parent / "src"
    files = [path for path in sources.rglob("*.c") if path.name != "window.c"]
    faulty = tmp_path / "window.c"
    text = (sources / "app" / "window.c").read_text()
    begin = "    w2s_statistics_add(&window.received, pcm, count);\n"
    assert begin in text
    faulty.write_text(text.replace(begin, begin + f"    {fault}\n"))
    folders = [f"-I{folder}" for folder in (sources, *sources.rglob("*")) if folder.is_dir()]
    elf = tmp_path / "firmware.elf"
    subprocess.run(["gcc", "-std=c11", "-w", *SANITIZERS, *folders, *files, faulty, "-o", elf], check=True)
    broken = replace(task, elf=elf, timeout=2.0)
    with board_of(task.target, elf) as board:
        found = ending(board, broken)
    assert found.outcome is Outcome.WRONG
    assert "ended with" in found.said
    assert finding in found.said
