"""A damaged image gives no result; a fault is reported after the restart; the stack is guarded."""

import os
import time

import numpy as np
import pytest

from tests.board.damaged_images import checking_places, covered_places, flipped, function_of, spread, with_function
from tests.builds import build_to_emulate, need_emulator, student_of
from toolchain.build import build_firmware
from toolchain.errors import FlashError, LinkError
from toolchain.flash import open_board
from toolchain.link import Board
from toolchain.link.health import describe_reset
from toolchain.link.protocol import ImageState, ResetKind
from toolchain.reference.engine import run
from toolchain.target import load_target
from toolchain.verify.health import require_sound

pytestmark = pytest.mark.board

MODEL = "wav2small-17k"

#: Undefined in each instruction set, and what the core says of it.
UNDEFINED = {
    "microbit": (b"\x00\xde", ResetKind.CORTEX_M_FAULT, "a hard fault"),
    "mps2-an386": (b"\x00\xde", ResetKind.CORTEX_M_FAULT, "an undefined instruction"),
    "mps2-an505": (b"\x00\xde", ResetKind.CORTEX_M_FAULT, "an undefined instruction"),
    "mps3-an547": (b"\x00\xde", ResetKind.CORTEX_M_FAULT, "an undefined instruction"),
    "riscv-virt": (b"\x00\x00", ResetKind.RISCV_TRAP, "an illegal instruction"),
    "kc705-lx106": (b"\x00\x00\x00", ResetKind.XTENSA_EXCEPTION, "an illegal instruction"),
}
TARGETS = list(UNDEFINED)

#: A byte of this many is flipped in each image; set IMAGE_FLIPS to try more.
FLIPS = int(os.environ.get("IMAGE_FLIPS", "10"))

#: Seconds a board that runs a damaged image has to answer, and a test for both.
TIMEOUT = 1.0
LIMIT = 40.0


@pytest.mark.parametrize("name", TARGETS)
def test_a_sound_image_says_so(name):
    build = build_to_emulate(name, MODEL)
    with open_board(load_target(name), build.elf) as url, Board(url) as board:
        health = require_sound(board, build)
    assert (health.image, health.image_crc, health.reset) == (ImageState.SOUND, build.image_crc, ResetKind.UNKNOWN)


@pytest.mark.parametrize("name", TARGETS)
def test_an_image_with_a_flipped_byte_gives_no_result(name, pcm, tmp_path):
    build = build_to_emulate(name, MODEL)
    said = []
    places = [*spread(covered_places(build.elf), FLIPS), *checking_places(build.elf)]
    for number, place in enumerate(places):
        elf = flipped(build.elf, place, 1 << number % 8, tmp_path / "damaged.elf")
        start = time.monotonic()
        with pytest.raises((LinkError, FlashError)) as error:
            infer_checked(name, elf, build, pcm)
        assert time.monotonic() - start < LIMIT
        said.append(error.value.message)
    assert sum("is damaged" in message for message in said) > len(said) / 2


def infer_checked(name, elf, build, pcm):
    """What ``verify`` does with one clip."""
    with open_board(load_target(name), elf) as url, Board(url, timeout=TIMEOUT) as board:
        board.require(build_id=build.build_id, model_hash=build.model_hash)
        require_sound(board, build)
        return board.infer(pcm)


@pytest.mark.parametrize("name", TARGETS)
def test_a_fault_is_reported_after_the_restart(name, tmp_path):
    build = build_to_emulate(name, MODEL)
    code, kind, said = UNDEFINED[name]
    elf = with_function(build.elf, "answer_memory", code, tmp_path / "faulty.elf")
    start, size = function_of(build.elf, "answer_memory")
    with open_board(load_target(name), elf) as url, Board(url, timeout=TIMEOUT) as board:
        board.hello()
        with pytest.raises(LinkError):
            board.memory()
        board.hello()
        health = board.health()
    assert health.reset == kind
    assert start <= health.program_counter < start + size
    assert describe_reset(health).startswith(f"{said} at 0x{health.program_counter:08X}")


def overflowing(name):
    """The target with less stack than the engine needs."""
    target = load_target(name)
    return target.model_copy(update={"memory": target.memory.model_copy(update={"stack_bytes": 768})})


@pytest.mark.parametrize("name", TARGETS)
def test_a_stack_that_overflows_gives_no_result(name, pcm, tmp_path):
    target = overflowing(name)
    need_emulator(target)
    build = build_firmware(student_of(MODEL), target, tmp_path / name)
    with open_board(target, build.elf) as url, Board(url, timeout=TIMEOUT) as board:
        board.hello()
        with pytest.raises(LinkError, match="stack") as error:
            board.infer(pcm)
    guarded = name != "kc705-lx106"
    assert ("by a stack overflow" in error.value.message) == guarded


def test_a_reset_loses_no_result(pcm):
    """The report of a fault is that of the run before only."""
    build = build_to_emulate("mps2-an386", MODEL)
    with open_board(load_target("mps2-an386"), build.elf) as url, Board(url) as board:
        assert np.array_equal(board.infer(pcm).values, run(student_of(MODEL), pcm).output)
        assert describe_reset(board.health()) == ""
