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
        ("receive_irq = 0", "receive_irq = -1", "board.uart.receive_irq"),
        ("receive_irq = 0", "receive_irq = 0\nstride = 0", "board.uart.stride"),
        ('machine = "mps2-an386"\n', "", "emulator"),
        ('kind = "qemu"', 'kind = "bochs"', "emulator.kind"),
        ("[budget]", "[link]\nreceive_ring_bytes = 1000\n[budget]", "link.receive_ring_bytes"),
        ("[budget]", "[link]\naudio_frame_samples = 500\n[budget]", "link"),
    ],
)
def test_a_wrong_field_is_named(tmp_path, old, new, field):
    assert old in GOOD
    path = tmp_path / "board.toml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(UsageError, match=f"board.toml: field '{field}': "):
        read_target(path)


@pytest.mark.parametrize("content", [b"name = ", b"\xff\xfe", b""])
def test_a_file_that_is_not_toml_is_an_error(tmp_path, content):
    path = tmp_path / "board.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"board\.toml"):
        read_target(path)
