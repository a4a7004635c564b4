"""The real image on every board that QEMU emulates."""

from functools import cache
from typing import NamedTuple

import numpy as np
import pytest

from tests.builds import build_to_emulate, deployments, need, need_emulator, replace_in_source, student_of
from toolchain.build import BuildResult, build_firmware
from toolchain.errors import LinkError
from toolchain.flash import open_board
from toolchain.link import Board, Source
from toolchain.reference.engine import run, run_stream
from toolchain.target import Target, load_target

pytestmark = pytest.mark.board


def runs_in_qemu(name: str) -> bool:
    emulator = load_target(name).emulator
    return emulator is not None and emulator.kind == "qemu"


EMULATED = [(name, model) for name, model in deployments() if runs_in_qemu(name)]

#: Instructions by which a count may differ. SysTick's interrupt every 2^24 ticks is a handful of them, and falls
#: into a window or not; QEMU's CCOUNT wavers by a few ticks, here around half an instruction.
COUNT_SPREAD = {"systick": 10, "ccount": 1}


class Running(NamedTuple):
    """One image on its board."""

    target: Target
    model: str
    build: BuildResult
    board: Board


@cache
def noise(seconds: float) -> np.ndarray:
    return (np.random.default_rng(0).normal(size=int(seconds * 16_000)) * 4000).astype(np.int16)


@cache
def expected(model: str, seconds: float) -> np.ndarray:
    return run(student_of(model), noise(seconds)).output


@pytest.fixture(scope="module", params=EMULATED, ids="-".join)
def running(request):
    name, model = request.param
    target, build = load_target(name), build_to_emulate(name, model)
    with open_board(target, build.elf) as url, Board(url) as board:
        hello = board.require(build_id=build.build_id, model_hash=build.model_hash)
        assert hello.target == name
        yield Running(target, model, build, board)


@pytest.mark.parametrize("seconds", [0.2, 0.5, 0.7])
def test_values_are_those_of_the_reference(running, seconds):
    assert np.array_equal(running.board.infer(noise(seconds)).values, expected(running.model, seconds))


def test_live_results_are_those_of_the_reference(running):
    with running.board.listen(800, Source.HOST) as listening:
        results = list(listening.results_of([noise(0.2)], real_time=False))
    assert listening.dropped == 0
    expected = [trace.output for trace in run_stream(student_of(running.model), noise(0.2), 800)]
    assert np.array_equal([result.values for result in results], expected)


def test_exact_ticks_are_the_same_count_of_instructions_in_every_run(running):
    """On a busy computer a frame may be sent again, and then its interrupts are counted too."""
    runs = [running.board.infer(noise(0.1), exact_ticks=True) for _ in range(5)]
    counts = sorted(round(run.ticks / running.target.emulator.ticks_per_instruction) for run in runs)
    assert counts[0] > 1_000_000
    assert counts[2] - counts[0] <= COUNT_SPREAD.get(running.target.board.ticks.driver, 0)


def test_the_image_is_within_its_budget(running):
    running.board.infer(noise(0.2))
    memory, sizes, budget = running.board.memory(), running.build.sizes, running.target.budget
    assert memory.static_bytes == sizes.ram_static_bytes
    assert 0 < memory.stack_used < memory.stack_bytes == running.target.memory.stack_bytes
    assert memory.static_bytes + memory.stack_used <= budget.ram_bytes[running.model]
    assert sizes.flash_bytes <= budget.flash_bytes[running.model]


@pytest.fixture
def build_with(tmp_path, monkeypatch):
    """Builds a target after one text of its session.c was replaced."""

    def build(target: Target, old: str, new: str) -> BuildResult:
        replace_in_source(monkeypatch, "app/session.c", old, new)
        need(target.compiler.command)
        need_emulator(target)
        return build_firmware(student_of("wav2small-17k"), target, tmp_path / "build")

    return build


@pytest.mark.parametrize("name", ["mps2-an386", "riscv-virt", "kc705-lx106"])
def test_firmware_that_crashes_at_start_is_named(name, build_with):
    target = load_target(name)
    build = build_with(target, "    announce_start();\n", "    announce_start(); __builtin_trap();\n")
    named = pytest.raises(LinkError, match=r"the board on \S+ restarts again and again")
    with open_board(target, build.elf) as url, Board(url, timeout=1.0) as board, named:
        board.hello()


@pytest.mark.parametrize("name", ["mps2-an386", "microbit", "riscv-virt", "kc705-lx106"])
def test_firmware_that_crashes_on_a_clip_is_named(name, build_with):
    """A fault restarts the board, which then does not know the window any more."""
    target = load_target(name)
    crash = "if (offset > 1000) { __builtin_trap(); }"
    build = build_with(target, "if (!window_push(", f"{crash} if (!window_push(")
    with open_board(target, build.elf) as url, Board(url) as board:
        with pytest.raises(LinkError, match="restarted 4 times in the middle of one clip"):
            board.infer(noise(0.2))
        assert board.hello().build_id == build.build_id
