"""A student's instructions by stage, and its multiply-accumulates as the network is defined."""

import pytest

from tests.builds import build_to_emulate, student_of
from toolchain.audio import Clip
from toolchain.bench.stages import (
    TOLERANCE,
    by_stage,
    count_stages,
    instructions_per_mac,
    macs_by_stage,
    require_whole,
)
from toolchain.errors import ParityError
from toolchain.flash import open_board
from toolchain.link import Board
from toolchain.target import load_target

SECOND = 16_000
STAGES = ["front end", "conv1", "conv2", "conv3", "pool", "conv4", "conv5", "conv6", "conv7", "outputs", "head"]


@pytest.mark.parametrize("samples", [SECOND, 5 * SECOND])
def test_macs_are_those_that_torch_counts(samples):
    pytest.importorskip("torch")
    from toolchain.evaluate.macs import count_macs
    from toolchain.model.students import create

    for model, last_layer in (("wav2small-17k", 338 * 3 + 13**3), ("wav2small-72k", 169 * 3)):
        _, counted = count_macs(create(model).eval(), samples)
        macs = macs_by_stage(student_of(model), samples)
        assert sum(macs.values()) + last_layer == counted


def test_macs_of_a_second_are_the_known_ones():
    sizes = {model: macs_by_stage(student_of(model), SECOND) for model in ("wav2small-17k", "wav2small-72k")}
    assert round(sum(sizes["wav2small-17k"].values()) / 1e6) == 62
    assert round(sum(sizes["wav2small-72k"].values()) / 1e6) == 76
    assert "head" not in sizes["wav2small-17k"]
    assert sizes["wav2small-17k"]["conv1"] == 499 * 26 * 9 * 13


def test_layers_are_added_up_by_stage():
    student = student_of("wav2small-17k")
    stages = by_stage(student, range(len(student.layer_names)))
    assert list(stages) == STAGES
    assert (stages["front end"], stages["outputs"], stages["head"]) == (0, 9 + 10, 11)
    assert list(by_stage(student_of("wav2small-72k"), range(11))) == STAGES


def test_pool_and_the_72k_s_head_are_part_of_the_instructions_per_mac():
    stages = dict.fromkeys(STAGES, 10_000_000)
    for model, counted in (("wav2small-17k", 9), ("wav2small-72k", 10)):
        student = student_of(model)
        macs = sum(macs_by_stage(student, SECOND).values())
        assert instructions_per_mac(student, stages, SECOND) == pytest.approx(counted * 10_000_000 / macs)


@pytest.mark.board
@pytest.mark.parametrize("target_name", ["mps3-an547", "riscv-virt"])
def test_the_stages_are_the_whole(target_name, speech_clips, tmp_path):
    """Of the image that is deployed, although they are counted in another."""
    target, student = load_target(target_name), student_of("wav2small-17k")
    build = build_to_emulate(target_name, "wav2small-17k")
    pcm = speech_clips[0][:SECOND]
    stages = count_stages(target, student, [Clip("speech", 0, pcm)], tmp_path)
    with open_board(target, build.elf) as url, Board(url) as board:
        ticks = board.infer(pcm, exact_ticks=True).ticks
    whole = round(ticks / target.emulator.ticks_per_instruction)
    # Counting takes up to 90,000 instructions itself: 0.6 % on the fastest core. The bench refuses more than 2 %.
    assert sum(stages.values()) == pytest.approx(whole, rel=0.01)
    assert all(stages.values())


def test_stages_that_are_not_the_whole_are_refused():
    stages = dict.fromkeys(STAGES, 1_000_000)
    require_whole(stages, round(11_000_000 * (1 + 0.9 * TOLERANCE)))
    with pytest.raises(ParityError, match=r"11,000,000 instructions .* 11,500,000"):
        require_whole(stages, 11_500_000)
