"""The real UF2 image on a simulated RP2040. It is fifty times slower than QEMU: the clips are short."""

import numpy as np
import pytest

from tests.builds import build_to_emulate, student_of
from toolchain.flash import open_board
from toolchain.link import Board
from toolchain.model_names import MODELS
from toolchain.reference.engine import run
from toolchain.target import load_target

pytestmark = pytest.mark.board

TARGET = load_target("rp2040")


@pytest.mark.parametrize("model", MODELS)
def test_values_are_those_of_the_reference(model):
    build, student = build_to_emulate(TARGET.name, model), student_of(model)
    with open_board(TARGET, build.elf) as url, Board(url) as board:
        assert board.require(build_id=build.build_id, model_hash=build.model_hash).target == TARGET.name
        for seed, seconds in enumerate((0.05, 0.15)):
            noise = np.random.default_rng(seed).normal(size=int(seconds * 16_000)) * 4000
            result = board.infer(noise.astype(np.int16))
            assert np.array_equal(result.values, run(student, noise.astype(np.int16)).output)
            # The timer counts the simulated chip's microseconds, of which each sample takes hundreds.
            assert 100 < result.ticks / noise.size < 2000
        memory = board.memory()
    assert memory.static_bytes == build.sizes.ram_static_bytes
    assert 0 < memory.stack_used < memory.stack_bytes == TARGET.memory.stack_bytes
