"""Target files are checked field by field, and wrong ones are explained."""

import pytest

from toolchain.errors import UsageError
from toolchain.resources import targets_dir
from toolchain.target import load_target, read_target, target_names

GOOD = (targets_dir() / "mps2-an386.toml").read_text()


def test_every_target_loads_and_is_called_as_its_file():
    assert {"host", "mps2-an386"} <= set(target_names())
    assert all(load_target(name).name == name for name in target_names())


def test_an_unknown_target_suggests_the_nearest():
    with pytest.raises(UsageError, match="no target 'mps2-an368'") as caught:
        load_target("mps2-an368")
    assert "'mps2-an386'" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        load_target("../../etc/passwd")
    assert "host" in caught.value.hint


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('chip = "AN386"', "", "chip"),
        ('chip = "AN386"', 'chip = "AN386"\nflavour = 1', "flavour"),
        ("stack_bytes = 2048", "stack_bytes = 2047", "memory.stack_bytes"),
        ("length = 0x0040_0000 }\nram", "length = 0 }\nram", "memory.flash.length"),
        ('template = "cortex_m"', 'template = "../../secret"', "board.template"),
        ('driver = "cmsdk"', 'driver = "../cmsdk"', "board.uart.driver"),
        ('driver = "cmsdk_watchdog"', 'driver = "../cmsdk"', "board.watchdog.driver"),
        ("seconds = 30", "seconds = 0", "board.watchdog.seconds"),
        ('driver = "cmsdk_watchdog"', "", "board.watchdog.driver"),
        ('name = "mps2-an386"', 'name = "../../bin"', "name"),
        ('name = "mps2-an386"', 'name = "My board"', "name"),
        ('name = "mps2-an386"', 'name = ".hidden"', "name"),
        ('name = "mps2-an386"', 'name = ""', "name"),
        ('name = "mps2-an386"', 'name = "board\\n"', "name"),
        ('name = "mps2-an386"', f'name = "{"m" * 33}"', "name"),
        ("[budget]", '[image]\nformat = "srec"\n[budget]', "image"),
        ("receive_irq = 0", "receive_irq = -1", "board.uart.receive_irq"),
        ("receive_irq = 0", "receive_irq = 0\nstride = 0", "board.uart.stride"),
        ('machine = "mps2-an386"\n', "", "emulator"),
        ('kind = "qemu"', 'kind = "bochs"', "emulator.kind"),
        ("[budget]", "[link]\nreceive_ring_bytes = 1000\n[budget]", "link.receive_ring_bytes"),
        ("[budget]", "[link]\naudio_frame_samples = 500\n[budget]", "link"),
        ("[board.ticks]", "[board.microphone]\nring_samples = 200\n[board.ticks]", "board.microphone.ring_samples"),
        (
            "[board.ticks]",
            "[link]\naudio_frame_samples = 200\n[board.microphone]\nring_samples = 128\n[board.ticks]",
            "",
        ),
    ],
)
def test_a_wrong_field_is_named(tmp_path, old, new, field):
    assert old in GOOD
    path = tmp_path / "board.toml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(UsageError, match=f"board.toml: field '{field}': "):
        read_target(path)


def test_a_uf2_image_starts_at_a_page(tmp_path):
    uf2 = '[image]\nformat = "uf2"\nfamily_id = 1\n[budget]'
    path = tmp_path / "board.toml"
    path.write_text(GOOD.replace("[budget]", uf2))
    assert read_target(path).image.format == "uf2"
    path.write_text(GOOD.replace("[budget]", uf2).replace("flash = { origin = 0x0000_0000", "flash = { origin = 0x80"))
    with pytest.raises(UsageError, match="a multiple of 256"):
        read_target(path)


def test_a_target_may_be_a_file_of_the_users_own(tmp_path, monkeypatch):
    path = tmp_path / "any name.toml"
    path.write_text(GOOD.replace('name = "mps2-an386"', 'name = "my_board.v2"', 1))
    assert load_target(str(path)).name == "my_board.v2"
    monkeypatch.chdir(tmp_path)
    assert load_target("any name.toml").name == "my_board.v2"
    with pytest.raises(UsageError, match=r"cannot read target file absent\.toml"):
        load_target("absent.toml")


@pytest.mark.parametrize("content", [b"name = ", b"\xff\xfe", b"", b"a=" + b"[" * 9000, b"a=" + b"9" * 5000])
def test_a_file_that_is_not_toml_is_an_error(tmp_path, content):
    path = tmp_path / "board.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"board\.toml"):
        read_target(path)


def test_systick_cannot_count_and_wake(tmp_path):
    text = (targets_dir() / "stm32f405.toml").read_text(encoding="utf-8")
    path = tmp_path / "board.toml"
    path.write_text(text.replace('driver = "stm32f4_tim2"\nbase = 0x4000_0000', 'driver = "systick"'), encoding="utf-8")
    with pytest.raises(UsageError, match=r"stm32f4_iwdg wakes the core by SysTick"):
        load_target(str(path))
