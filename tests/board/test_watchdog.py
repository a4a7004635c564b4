"""A board that hangs is restarted by its watchdog and says so; one that has nothing to do is left alone."""

import time

import numpy as np
import pytest

from tests.board.damaged_images import function_of, with_function
from tests.builds import build_to_emulate, need_emulator, student_of
from toolchain.build import build_firmware
from toolchain.errors import LinkError
from toolchain.flash import open_board
from toolchain.link import Board
from toolchain.link.health import describe_reset
from toolchain.link.protocol import ResetKind, Source
from toolchain.reference.engine import run
from toolchain.target import load_target

pytestmark = pytest.mark.board

MODEL = "wav2small-17k"

#: Boards whose watchdog QEMU has.
TARGETS = ["mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547", "lm3s6965evb"]

#: Where the engine hangs: before the first sample, at the first, and after the last.
HANGS = ["w2s_begin", "w2s_push", "w2s_finish"]

#: "b ." of Thumb.
FOR_EVER = b"\xfe\xe7"

#: Seconds in which a clip must have failed, however slow the emulator is.
LIMIT = 60.0


@pytest.mark.parametrize(
    ("name", "function"),
    [("mps2-an386", function) for function in HANGS] + [(name, "w2s_push") for name in TARGETS[1:]],
)
def test_a_board_that_hangs_is_restarted_and_says_where_it_was(name, function, pcm, tmp_path):
    build = build_to_emulate(name, MODEL)
    elf = with_function(build.elf, function, FOR_EVER, tmp_path / "hanging.elf")
    place, _ = function_of(build.elf, function)
    begun = time.monotonic()
    with open_board(load_target(name), elf) as url, Board(url) as board:
        board.hello()
        with pytest.raises(LinkError, match=f"restarted [0-9]+ times .* by its watchdog at 0x{place:08X}$"):
            board.infer(pcm)
        board.hello()
        health = board.health()
    assert time.monotonic() - begun < LIMIT
    assert (health.reset, health.cause, health.program_counter) == (ResetKind.WATCHDOG, 0, place)
    assert describe_reset(health) == f"its watchdog at 0x{place:08X}"


def test_a_board_that_hangs_while_it_listens_is_an_error(pcm, tmp_path):
    build = build_to_emulate("mps2-an386", MODEL)
    elf = with_function(build.elf, "w2s_push", FOR_EVER, tmp_path / "hanging.elf")
    with open_board(load_target("mps2-an386"), elf) as url, Board(url) as board:
        with pytest.raises(LinkError, match="restarted while it listened"), board.listen(800, Source.HOST) as listening:
            list(listening.results_of([pcm], real_time=False))
        board.hello()
        assert board.health().reset == ResetKind.WATCHDOG


def with_seconds(name, seconds):
    """The target with another time for its watchdog."""
    target = load_target(name)
    watchdog = target.board.watchdog.model_copy(update={"seconds": seconds})
    return target.model_copy(update={"board": target.board.model_copy(update={"watchdog": watchdog})})


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("mps2-an386", 5), ("lm3s6965evb", 2)],  # one that is paused, and one that the core has to wake for
)
def test_a_board_that_has_nothing_to_do_is_left_alone(name, seconds, pcm, tmp_path):
    """An emulated board that sleeps sleeps in real time."""
    target = with_seconds(name, seconds)
    need_emulator(target)
    build = build_firmware(student_of(MODEL), target, tmp_path / name)
    with open_board(target, build.elf) as url, Board(url) as board:
        board.hello()
        time.sleep(seconds + 1.5)
        assert np.array_equal(board.infer(pcm).values, run(student_of(MODEL), pcm).output)
        assert board.health().reset == ResetKind.UNKNOWN


def test_a_target_without_a_watchdog_hangs_for_good(pcm, tmp_path):
    """So that it is the watchdog that restarts the others."""
    target = load_target("mps2-an386")
    target = target.model_copy(update={"board": target.board.model_copy(update={"watchdog": None})})
    need_emulator(target)
    build = build_firmware(student_of(MODEL), target, tmp_path / "build")
    elf = with_function(build.elf, "w2s_push", FOR_EVER, tmp_path / "hanging.elf")
    with open_board(target, elf) as url, Board(url, timeout=2.0) as board:
        board.hello()
        with pytest.raises(LinkError, match="stopped answering at sample 0"):
            board.infer(pcm)
