"""The table's file: read as it was written, and refused if it is something else."""

import pytest

from tests.bench.rows import AUDIO, HEADER, row
from toolchain.bench import Table
from toolchain.bench.table import make_table, verified_by
from toolchain.errors import UsageError
from toolchain.target import load_target, target_names


def test_it_is_read_as_it_was_written(tmp_path):
    table = make_table(HEADER, [row("b"), row("a", "wav2small-72k"), row("a")])
    table.write(tmp_path / "bench.json")
    assert Table.read(tmp_path / "bench.json") == table
    assert [item.key for item in table.rows] == [("a", "wav2small-17k"), ("a", "wav2small-72k"), ("b", "wav2small-17k")]


def test_a_chip_that_is_only_built_gets_its_twin_s_instructions():
    chip = row("chip", verified="built-only", clips=0, equal_clips=0, twin="twin")
    other = row("chip", "wav2small-72k", verified="built-only", clips=0, equal_clips=0, twin="twin")
    counted = {"instructions_per_second_of_audio": 5, "instructions_per_mac": 0.5, "stages": {"conv1": 5}}
    table = make_table(HEADER, [chip, other, row("twin", **counted)])
    assert table.row("chip", "wav2small-17k").instructions_from_twin == 5
    assert table.row("chip", "wav2small-17k").instructions_per_second_of_audio is None
    assert table.row("chip", "wav2small-17k").instructions_per_mac == 0.5
    assert table.row("chip", "wav2small-17k").stages == {"conv1": 5}
    assert table.row("chip", "wav2small-72k").instructions_from_twin is None


def test_rows_of_targets_that_are_gone_can_be_left_out():
    table = make_table(HEADER, [row("a"), row("b"), row("c")])
    assert [item.target for item in table.limited_to(["c", "a"]).rows] == ["a", "c"]


def test_a_table_of_other_clips_is_not_gone_on_from():
    header = HEADER.going_on_from(HEADER.model_copy(update={"compilers": {"cc": "cc 1", "gcc": "gcc 11"}}))
    assert header.compilers == {"cc": "cc 1", "gcc": "gcc 12"}
    with pytest.raises(UsageError, match="other clips"):
        HEADER.going_on_from(HEADER.model_copy(update={"audio": AUDIO.model_copy(update={"clips": 3})}))


def test_every_target_is_verified_somehow():
    kinds = {name: verified_by(load_target(name)) for name in target_names()}
    assert kinds["host"] == "this-computer"
    assert kinds["mps2-an386"] == "emulated-core"
    assert verified_by(load_target("host").model_copy(update={"emulator": None})) == "built-only"


def test_the_committed_table_is_about_targets_that_exist():
    table = Table.committed()
    assert table is not None
    assert {item.target for item in table.rows} <= set(target_names())
    assert all(item.equal_clips == item.clips for item in table.rows)
