"""The figures of README and docs are made from the committed measurements, not typed."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

from toolchain.bench import Comparison, Row, Table
from toolchain.bench.comparison import Contender
from toolchain.bench.table import make_table
from toolchain.faults import RANDOM, FaultTable, require_nothing_wrong
from toolchain.model_names import MODELS
from toolchain.soak import SoakTable, require_no_drift

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def figures():
    spec = importlib.util.spec_from_file_location("figures", ROOT / "docs" / "figures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def row(**figures):
    facts = {"target": "stm32f405", "model": "wav2small-17k", "kernel": "plain"}
    identity = {"build_id": "ef", "target_sha256": "ab", "student": "cd"}
    return Row.model_validate({**facts, **identity, "clips": 0, "equal_clips": 0, **figures})


def test_the_pages_have_the_committed_measurements(figures):
    readme, page = (path.read_text(encoding="utf-8") for path in (figures.README, figures.MEASUREMENTS))
    table, comparison = Table.committed(), Comparison.committed()
    assert figures.boards_table(table) in readme, "run: make figures"
    assert figures.bench_table(table) in page, "run: make figures"
    assert figures.stages_table(table) in page, "run: make figures"
    assert figures.comparison_table(table, comparison) in page, "run: make figures"
    assert figures.host_table(comparison) in page, "run: make figures"


def test_the_demo_in_the_readme_is_of_the_image_that_was_measured(figures):
    """What it prints comes from a report under build/, which is not committed; its flash must be the bench's."""
    readme = figures.README.read_text(encoding="utf-8")
    target, demonstrated = figures.DEMO
    for model in MODELS:
        flash = Table.committed().row(target, model).flash_bytes
        row = rf"\| `{target}` \| `{model}` \| 100 of 100 \|.* \| {flash:,} B \|"
        assert re.search(row, readme), "run: make figures"
        if model == demonstrated:
            assert f"  flash          {flash:,} bytes of" in readme, "run: make figures"


def test_the_page_of_faults_has_the_committed_results(figures):
    page = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    table = FaultTable.committed()
    assert figures.faults_table(table) in page, "run: make figures"
    assert figures.recovery_table(table) in page, "run: make figures"


def test_what_is_committed_is_finished_and_nothing_of_it_is_wrong():
    table = FaultTable.committed()
    assert "host" in {result.target for result in table.targets}
    require_nothing_wrong(table.targets)
    for result in table.targets:
        assert result.unfinished is None
        assert result.share == 1.0
        assert all(item.most_ms < 100 for item in result.recovery)


def test_the_page_of_the_soak_has_the_committed_results(figures):
    page = (ROOT / "docs" / "soak.md").read_text(encoding="utf-8")
    assert figures.soak_table(SoakTable.committed()) in page, "run: make figures"


def test_the_page_of_fuzzing_has_the_last_long_run(figures):
    run = json.loads(figures.FUZZED.read_text(encoding="utf-8"))
    assert figures.fuzz_table(run) in figures.FUZZING.read_text(encoding="utf-8"), "run: make figures"


def test_every_board_of_the_committed_soak_lasted():
    boards = {row.board: row for row in SoakTable.committed().boards}
    assert len(boards) > 1
    require_no_drift(boards.values())
    assert boards["mps2-an386"].figures.equal >= 10_000


#: Random sessions that are committed at least.
RANDOM_SESSIONS = {"host": 100_000, "microbit": 1_000}


@pytest.mark.parametrize("name", RANDOM_SESSIONS)
def test_enough_sessions_are_committed_for_the_host_and_for_qemu(name):
    (result,) = [result for result in FaultTable.committed().targets if result.target == name]
    of = {item.kind: item for item in result.classes}
    assert (result.share, result.unfinished) == (1.0, None)
    assert of[RANDOM].cases >= RANDOM_SESSIONS[name]
    assert sum(item.wrong + item.hang for item in result.classes) == 0
    if name == "host":
        assert result.recovery
        assert max(item.most_ms for item in result.recovery) < 100


def test_what_executed_the_image_is_said(figures):
    emulated = row(verified="emulated-core", clips=20, equal_clips=20, ram_static_bytes=10_000, ram_stack_bytes=700)
    assert figures.bench_row(emulated)[3:7] == ("QEMU, `netduinoplus2`", "20 of 20", "", "10,700 B")
    built = row(verified="built-only", ram_static_bytes=10_000, twin="mps2-an386", instructions_from_twin=5_000_000)
    assert "nothing: built only" in figures.bench_row(built)
    assert figures.bench_row(built)[-2:] == ("5.0 M (twin `mps2-an386`)", "")
    assert figures.bench_row(built)[6] == "10,000 B + stack"
    assert figures.bench_row(row(verified="does-not-fit", reason="too large"))[3] == "does not fit"


def test_the_table_of_boards_estimates_the_share_of_real_time(figures):
    counted = row(verified="emulated-core", clips=1, equal_clips=1, flash_bytes=9, ram_static_bytes=8,
                  instructions_per_second_of_audio=4_000_000)  # fmt: skip
    table = make_table(Table.committed().header, [counted])
    assert figures.board_row(counted, table) == (
        "`stm32f405`", "cortex-m4", "QEMU, `netduinoplus2`", "9 B", "8 B + stack", "4.0 M", "16 MHz", "25 %",
    )  # fmt: skip


def test_shares_are_of_all_instructions(figures):
    counted = row(verified="emulated-core", stages={"conv1": 300, "head": 100})
    assert figures.stages_row(counted, ["conv1", "head"])[2:] == ("75.0 %", "25.0 %")


def test_a_row_stands_beside_the_other_means_that_there_are(figures):
    counted = row(verified="emulated-core", instructions_per_mac=0.5, flash_bytes=9, ram_static_bytes=3)
    sizes = {"flash_bytes": 8, "ram_bytes": 4}
    plain = Contender(
        target="stm32f405", model="wav2small-17k", engine="plain", build_id="ab", instructions_per_mac=6, **sizes
    )
    assert figures.comparison_row(counted, plain, None)[2:] == (
        "0.50", "6.00", "", "9 B", "8 B", "", "3 B", "4 B", "",
    )  # fmt: skip


def test_only_what_is_between_the_markers_is_replaced(figures):
    text = "a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n"
    assert figures.replaced(text, "x", "new") == "a\n<!-- x: begin -->\nnew\n<!-- x: end -->\nb\n"
