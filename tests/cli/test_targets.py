"""``toolchain targets``: the list, and the page of each."""

import json

import pytest

from toolchain.bench import Audio, Header, Row
from toolchain.bench.table import make_table
from toolchain.model_names import MODELS
from toolchain.resources import targets_dir
from toolchain.target import Power, load, load_target, target_names

HEADER = Header(
    audio=Audio(corpus="speech", clips=20, seconds=1.0, sha256="ab"),
    students=dict.fromkeys(MODELS, "cd"), compilers={}, emulators={},
)  # fmt: skip


def row(target, model, **figures):
    facts = {"kernel": "plain", "verified": "emulated-core", "clips": 20, "equal_clips": 20, "flash_bytes": 22_664}
    ram = {"ram_static_bytes": 10_000, "ram_stack_bytes": 736}
    identity = {"build_id": "ef", "target_sha256": "ab", "student": "cd"}
    return Row.model_validate({"target": target, "model": model, **facts, **ram, **identity, **figures})


@pytest.fixture
def measured(monkeypatch):
    """The table of counted instructions is the given rows."""

    def use(*rows):
        monkeypatch.setattr("toolchain.bench.Table.committed", lambda: make_table(HEADER, rows) if rows else None)

    return use


@pytest.fixture
def with_target(monkeypatch):
    """A target is known by its name although it has no file."""

    def use(target):
        monkeypatch.setattr("toolchain.target.load_target", lambda name: target)
        return target

    return use


def test_the_list_names_every_target(cli):
    assert all(name in cli("targets").out for name in target_names())
    assert [board["name"] for board in json.loads(cli("targets", "--json").out)] == target_names()


@pytest.mark.parametrize("name", target_names())
def test_every_target_has_a_page(cli, name):
    called = cli("targets", "show", name)
    assert called.code == 0
    assert load_target(name).description in called.out
    assert load_target(name).chip in called.out


def test_the_page_has_memory_budgets_and_estimates(cli, measured):
    measured(*(row("stm32f405", model, instructions_per_second_of_audio=8_000_000) for model in MODELS))
    page = cli("targets", "show", "stm32f405").out
    assert "0x08000000   0x080FFFFF   1,048,576" in page
    assert "22,664 of 49,152" in page
    assert "10,736 of 16,384" in page
    assert "20 of 20" in page
    assert "8.0 M   500 ms" in page  # at 16 MHz
    assert "50%" in page
    assert "one instruction per clock cycle" in page
    assert "not on silicon" in page
    assert "No energy" in page


def test_energy_has_its_source(cli, measured, with_target):
    power = Power(microamps_per_mhz=100, volts=3.0, source="DocID022152, table 20")
    with_target(load_target("stm32f405").model_copy(update={"power": power}))
    measured(row("stm32f405", MODELS[0], instructions_per_second_of_audio=8_000_000))
    page = cli("targets", "show", "stm32f405").out
    assert "2.4 mJ" in page
    assert "DocID022152, table 20" in page
    assert "No energy" not in page


def test_a_count_from_the_twin_is_said_to_be_one(cli, measured, with_target):
    with_target(load_target("stm32f405").model_copy(update={"emulator": None, "twin": "mps2-an386"}))
    measured(row("mps2-an386", MODELS[0], instructions_per_second_of_audio=8_000_000))
    page = cli("targets", "show", "stm32f405").out
    assert "counted on its twin mps2-an386" in page
    assert "no emulator" in page
    assert "not measured" in page


def test_what_is_not_known_is_said(cli, measured):
    measured()
    page = cli("targets", "show", "mps2-an386").out
    assert "No estimate: nobody has counted" in page
    reason = "the image does not fit the RAM of microbit: 128 bytes too many"
    too_large = {"verified": "does-not-fit", "clips": 0, "equal_clips": 0, "flash_bytes": None, "reason": reason}
    measured(row("microbit", MODELS[1], **too_large))
    assert f"{MODELS[1]} does not fit: {reason}" in cli("targets", "show", "microbit").out
    measured(row("kc705-lx106", MODELS[0], instructions_per_second_of_audio=8_000_000))
    assert "No time: the target has no clock of its own" in cli("targets", "show", "kc705-lx106").out


def test_json_has_the_target_file_the_rows_and_the_estimates(cli, measured):
    measured(row("stm32f405", MODELS[0], instructions_per_second_of_audio=8_000_000))
    page = json.loads(cli("targets", "show", "stm32f405", "--json").out)
    assert page["memory"]["flash"]["origin"] == 0x0800_0000
    assert page["measured"][0]["flash_bytes"] == 22_664
    assert page["estimates"][0]["seconds"] == 0.5
    assert page["estimates"][1]["seconds"] is None
    assert "one instruction per clock cycle" in page["estimates_assume"]


@pytest.mark.parametrize(
    ("flasher", "shown"),
    [
        ('kind = "esptool"\noffset = 0x1000', "esptool, at offset 0x1000"),
        ('kind = "openocd"\ninterface = "stlink"\ntarget = "stm32f4x"', "openocd, interface stlink"),
        ('kind = "pyocd"\ntarget = "stm32f405rg"', "pyocd, target stm32f405rg"),
        ('kind = "st-flash"', "st-flash"),
        ('kind = "uf2"\nboard_id = "RPI-RP2"', "the drive of RPI-RP2"),
        ('kind = "gdb"', "gdb-multiarch through a server such as localhost:3333"),
    ],
)
def test_every_flasher_is_described(cli, tmp_path, with_target, flasher, shown):
    path = tmp_path / "board.toml"
    path.write_text((targets_dir() / "mps2-an386.toml").read_text() + f"\n[[flashers]]\n{flasher}\n")
    with_target(load.read_target(path))
    assert shown in cli("targets", "show", "mps2-an386").out


def test_an_unknown_target_names_the_nearest(cli):
    called = cli("targets", "show", "stm32f450")
    assert called.code == 2
    assert "did you mean 'stm32f405'?" in called.err
