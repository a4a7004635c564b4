"""A bench's rows are measured, kept, gone on from, and honest about what failed."""

import numpy as np
import pytest

from tests.builds import need, student_of
from toolchain.audio import Clip, Selection
from toolchain.bench import Contestant, Progress, Table, bench, choose_pairs, make_header
from toolchain.errors import MissingToolError, ParityError
from toolchain.target import load_target
from toolchain.verify import parity

MODELS = ("wav2small-17k", "wav2small-72k")
SECONDS = 0.2


def noise(seed):
    return (np.random.default_rng(seed).normal(size=round(SECONDS * 16_000)) * 4000).astype(np.int16)


CLIPS = Selection(tuple(Clip(f"noise-{seed}", 0, noise(seed)) for seed in range(5)), ())


def contestant(model):
    return Contestant(student_of(model), lambda pcm: np.full(3, 0.5, dtype=np.float32))


class Bench:
    """A bench of some targets, and what it said of its progress."""

    def __init__(self, folder, *targets, models=MODELS[:1], clips=CLIPS):
        self._folder = folder
        contestants = [contestant(model) for model in models]
        self._pairs = choose_pairs(targets, contestants, clips)
        self._header = make_header(targets, contestants, clips, "noise", SECONDS)
        self.path = folder / "bench.json"
        self.steps = []
        self.kept = []

    def run(self, *, resume=False, jobs=1, on_row=lambda row: None):
        def row_done(row, kept):
            self.kept += [row.key] if kept else []
            on_row(row)

        progress = Progress(lambda target, model, what: self.steps.append((target, model)), row_done)
        earlier = Table.read(self.path) if resume else None
        out = self._folder / "build"
        return bench(
            self._pairs, self._header, out, path=self.path, earlier=earlier, jobs=jobs, progress=progress
        )


@pytest.fixture
def host():
    """The host target, compiled as fast as can be."""
    need("gcc")
    target = load_target("host")
    return target.model_copy(update={"compiler": target.compiler.model_copy(update={"flags": ["-O0"]})})


def test_a_row_has_every_figure(host, tmp_path):
    table, failures = Bench(tmp_path, host).run()
    (row,) = table.rows
    assert not failures
    assert row.verified == "this-computer"
    assert row.clips == row.equal_clips == 5
    assert row.flash_bytes > 10_000
    assert row.ram_static_bytes > 1000
    assert row.image_bytes == (tmp_path / "build" / "host" / MODELS[0] / "firmware.elf").stat().st_size
    assert row.ram_stack_bytes is row.instructions_per_second_of_audio is None
    assert Table.read(tmp_path / "bench.json") == table
    assert table.header.compilers["gcc"].startswith("gcc")


@pytest.mark.board
def test_an_emulated_board_counts_instructions_and_stack(tmp_path):
    need("arm-none-eabi-gcc")
    need("qemu-system-arm")
    table, failures = Bench(tmp_path, load_target("mps2-an386")).run()
    (row,) = table.rows
    assert not failures
    assert (row.verified, row.equal_clips) == ("emulated-core", 5)
    assert row.instructions_per_second_of_audio > 10_000_000
    assert 0 < row.ram_stack_bytes < 2048


def test_a_chip_without_emulator_is_built_only(tmp_path):
    need("arm-none-eabi-gcc")
    chip = load_target("stm32f405").model_copy(update={"emulator": None, "twin": "mps2-an386"})
    (row,) = Bench(tmp_path, chip).run()[0].rows
    assert (row.verified, row.clips, row.twin) == ("built-only", 0, "mps2-an386")
    assert row.audio is row.ram_stack_bytes is None
    assert row.flash_bytes > 10_000


def test_what_does_not_fit_or_has_no_budget_is_a_row_that_says_so(tmp_path):
    need("arm-none-eabi-gcc")
    chip = load_target("stm32f405").model_copy(update={"emulator": None})
    memory = chip.memory.model_copy(update={"ram": chip.memory.ram.model_copy(update={"length": 12_288})})
    budget = chip.budget.model_copy(update={"flash_bytes": {MODELS[0]: 100_000}})
    small = chip.model_copy(update={"memory": memory})
    limited = chip.model_copy(update={"name": "limited", "budget": budget})
    table, failures = Bench(tmp_path, small, limited, models=MODELS).run()
    assert not failures
    too_large = table.row("stm32f405", MODELS[1])
    assert too_large.verified == "does-not-fit"
    assert "the largest part is app/window" in too_large.reason
    assert table.row("limited", MODELS[0]).verified == "built-only"
    assert table.row("limited", MODELS[1]).reason == f"limited has no budget for {MODELS[1]}"


def test_a_missing_compiler_leaves_its_target_out_and_the_others_go_on(host, tmp_path):
    compiler = host.compiler.model_copy(update={"command": "no-such-gcc"})
    other = host.model_copy(update={"name": "other", "compiler": compiler})
    table, failures = Bench(tmp_path, other, host).run()
    assert [row.target for row in table.rows] == ["host"]
    assert [(failure.target, type(failure.error)) for failure in failures] == [("other", MissingToolError)]


def test_a_wrong_board_has_its_row_and_is_a_failure(host, tmp_path, monkeypatch):
    right = parity.run

    def shifted(*arguments):
        trace = right(*arguments)
        trace.output[1] += 1
        return trace

    monkeypatch.setattr(parity, "run", shifted)
    table, failures = Bench(tmp_path, host).run()
    assert table.rows[0].equal_clips == 0
    assert isinstance(failures[0].error, ParityError)
    monkeypatch.undo()
    resumed = Bench(tmp_path, host)
    assert not resumed.run(resume=True)[1]
    assert not resumed.kept


def test_going_on_keeps_only_what_measuring_again_would_repeat(host, tmp_path):
    first, _ = Bench(tmp_path, host).run()
    again = Bench(tmp_path, host)
    assert again.run(resume=True)[0] == first
    assert again.kept == [("host", MODELS[0])]
    assert not again.steps
    other = host.model_copy(update={"compiler": host.compiler.model_copy(update={"flags": ["-O1"]})})
    changed = Bench(tmp_path, other)
    assert changed.run(resume=True)[0].rows[0].build_id != first.rows[0].build_id
    assert not changed.kept
    # The image stays the same, but not what is known of it.
    limited = Bench(tmp_path, other.model_copy(update={"description": "another"}))
    limited.run(resume=True)
    assert not limited.kept


def test_going_on_with_one_target_keeps_the_others_rows(host, tmp_path):
    other = host.model_copy(update={"name": "other"})
    Bench(tmp_path, other).run()
    table, _ = Bench(tmp_path, host).run(resume=True)
    assert [row.target for row in table.rows] == ["host", "other"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interruption_loses_no_finished_row(host, tmp_path, jobs):
    def interrupt(row):
        raise KeyboardInterrupt

    targets = [host.model_copy(update={"name": name}) for name in ("first", "second")]
    with pytest.raises(KeyboardInterrupt):
        Bench(tmp_path, *targets).run(jobs=jobs, on_row=interrupt)
    finished = len(Table.read(tmp_path / "bench.json").rows)
    assert finished >= 1
    resumed = Bench(tmp_path, *targets)
    table, failures = resumed.run(resume=True, jobs=jobs)
    assert not failures
    assert len(table.rows) == 2
    assert len(resumed.kept) == finished


def test_a_slow_simulator_is_given_fewer_clips(host):
    emulator = host.emulator.model_copy(update={"kind": "labwired"})
    (pair,) = choose_pairs([host.model_copy(update={"emulator": emulator})], [contestant(MODELS[0])], CLIPS)
    assert 0 < len(pair.selection.clips) < len(CLIPS.clips)
