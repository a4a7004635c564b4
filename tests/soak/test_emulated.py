"""A few clips on an emulated board, measured as ten thousand are."""

import pytest

from tests.builds import build_once, need_emulator
from toolchain.soak import Job, empty_row, make_task, problems, run_farm, speech
from toolchain.target import load_target

MODEL, SECONDS, CLIPS = "wav2small-17k", 0.05, 24


@pytest.mark.board
def test_an_emulated_board_takes_the_same_instructions_and_stack_at_the_end(student):
    target = load_target("mps2-an386")
    need_emulator(target)
    build = build_once(target.name, MODEL)
    task = make_task(student, target, build, speech(SECONDS)[:2], seed=0, wanted=CLIPS)
    (row,) = run_farm([Job(task, empty_row(target.name, student, task, SECONDS))])
    assert problems(row) == []
    assert row.health == "sound"
    assert (row.figures.clips, row.figures.equal, row.figures.ticks_compared) == (CLIPS, CLIPS, 2)
    assert 0 < row.figures.stack.first == row.figures.stack.last < target.memory.stack_bytes
