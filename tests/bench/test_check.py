"""The gate lets nothing grow by more than 2 %, and the committed figures are those of what is there."""

import pytest

from tests.bench.rows import HEADER, row
from tests.builds import need, need_emulator
from toolchain.bench import Contestant, Table, choose_pairs, find_growth, require_no_growth
from toolchain.bench.measure import measure
from toolchain.bench.table import make_table
from toolchain.cli.students import open_student
from toolchain.errors import BuildError
from toolchain.target import load_target

FIGURES = {
    "instructions_per_second_of_audio": 1_000_000,
    "flash_bytes": 20_000,
    "ram_static_bytes": 10_000,
    "ram_stack_bytes": 1_000,
}
COMMITTED = make_table(HEADER, [row("a", **FIGURES)])

#: One target for each compiler and instruction set. What the others execute is the same code, or is seen in its size.
EXECUTED = ("mps2-an386", "mps3-an547", "microbit", "riscv-virt", "kc705-lx106")


def measured(**changes):
    return find_growth(COMMITTED, [row("a", **{**FIGURES, **changes})])


def test_up_to_two_percent_and_anything_less_pass():
    assert not measured()
    assert not measured(instructions_per_second_of_audio=1_020_000, flash_bytes=20_400, ram_stack_bytes=1_220)
    assert not measured(instructions_per_second_of_audio=500_000, flash_bytes=1, ram_static_bytes=1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"instructions_per_second_of_audio": 1_020_001}, r"a wav2small-17k instructions 1,000,000 -> 1,020,001"),
        ({"flash_bytes": 20_401}, r"a wav2small-17k flash bytes 20,000 -> 20,401 \(\+2.0 %\)"),
        ({"ram_stack_bytes": 1_221}, r"a wav2small-17k RAM bytes 11,000 -> 11,221"),
        ({"ram_static_bytes": 10_201, "ram_stack_bytes": None}, r"RAM bytes 10,000 -> 10,201"),
        ({"verified": "does-not-fit"}, r"a wav2small-17k no longer fits"),
    ],
)
def test_more_is_named(changes, words):
    growth = measured(**changes)
    assert len(growth) == 1
    with pytest.raises(BuildError, match=words) as caught:
        require_no_growth(growth)
    assert "make bench" in caught.value.hint


def test_what_nobody_committed_may_be_of_any_size():
    assert not find_growth(COMMITTED, [row("b", **FIGURES), row("a", "wav2small-72k", **FIGURES)])
    before = make_table(HEADER, [row("a", verified="does-not-fit"), row("b")])
    assert not find_growth(before, [row("a", **FIGURES), row("b", **FIGURES), row("a", verified="does-not-fit")])


def pair_of(target, model, selection):
    contestant = Contestant(open_student(model, None).quantized, lambda pcm: (0.5, 0.5, 0.5))
    return choose_pairs([target], [contestant], selection)[0]


@pytest.mark.board
@pytest.mark.parametrize("target_name", EXECUTED)
def test_the_committed_instructions_and_bytes_have_not_grown(target_name, one_clip, tmp_path):
    target = load_target(target_name)
    need(target.compiler.command)
    need_emulator(target)
    now = measure(pair_of(target, "wav2small-17k", one_clip), tmp_path, lambda what: None)
    assert now.instructions_per_second_of_audio > 0
    require_no_growth(find_growth(Table.committed(), [now]))


@pytest.mark.parametrize(
    ("target_name", "model"),
    [row.key for row in Table.committed().rows if row.key not in {(name, "wav2small-17k") for name in EXECUTED}],
)
def test_the_committed_bytes_have_not_grown(target_name, model, one_clip, tmp_path):
    target = load_target(target_name)
    need(target.compiler.command)
    built_only = target.model_copy(update={"emulator": None})
    now = measure(pair_of(built_only, model, one_clip), tmp_path, lambda what: None)
    require_no_growth(find_growth(Table.committed(), [now]))
