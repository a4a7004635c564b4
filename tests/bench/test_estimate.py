"""Estimates are instructions over a clock, and nothing where one of the two is not known."""

import pytest

from toolchain.bench import Audio, Header, Row, estimate
from toolchain.bench.table import make_table
from toolchain.target import Power, load_target

MODEL = "wav2small-17k"
HEADER = Header(
    audio=Audio(corpus="speech", clips=20, seconds=1.0, sha256="ab"), students={MODEL: "cd"}, compilers={}, emulators={}
)


def table_with(target, instructions):
    row = Row(
        target=target, model=MODEL, kernel="plain", verified="emulated-core", clips=20, equal_clips=20,
        instructions_per_second_of_audio=instructions, build_id="ef", target_sha256="ab", student="cd",
    )  # fmt: skip
    return make_table(HEADER, [row])


def with_clock(hz, **changes):
    target = load_target("mps2-an386")
    board = target.board.model_copy(update={"clock_hz": hz})
    return target.model_copy(update={"board": board, **changes})


def test_time_is_instructions_over_the_clock():
    found = estimate(with_clock(50_000_000), MODEL, table_with("mps2-an386", 40_000_000))
    assert found.seconds == pytest.approx(0.8)
    assert found.keeps_up
    assert found.counted_on == "mps2-an386"
    assert found.joules is None


def test_it_keeps_up_within_the_budget_s_share_of_real_time():
    budget = load_target("mps2-an386").budget.model_copy(update={"real_time_share": 0.5})
    found = estimate(with_clock(50_000_000, budget=budget), MODEL, table_with("mps2-an386", 40_000_000))
    assert found.keeps_up is False


def test_energy_is_charge_per_cycle_times_voltage():
    """100 uA/MHz are 100 pC per cycle; at 3 V 40 million cycles take 12 mJ."""
    power = Power(microamps_per_mhz=100, volts=3.0, source="data sheet, table 1")
    found = estimate(with_clock(50_000_000, power=power), MODEL, table_with("mps2-an386", 40_000_000))
    assert found.joules == pytest.approx(0.012)


def test_a_chip_that_is_only_built_takes_its_twin_s_count():
    chip = with_clock(100_000_000, name="chip", emulator=None, twin="mps2-an386")
    found = estimate(chip, MODEL, table_with("mps2-an386", 40_000_000))
    assert found.counted_on == "mps2-an386"
    assert found.seconds == pytest.approx(0.4)


def test_without_a_count_or_a_clock_there_is_no_figure():
    assert estimate(with_clock(50_000_000), MODEL, None).instructions is None
    assert estimate(with_clock(50_000_000), MODEL, table_with("microbit", 1)).seconds is None
    without_clock = estimate(with_clock(None), MODEL, table_with("mps2-an386", 40_000_000))
    assert without_clock.instructions == 40_000_000
    assert without_clock.seconds is without_clock.keeps_up is None
