"""What a target needs, and what is said when it is not there."""

import tomllib

import pytest

from tests.builds import need
from toolchain.doctor import Purpose, examine
from toolchain.errors import MissingToolError
from toolchain.resources import targets_dir
from toolchain.target import Target, load_target, target_names

FLASHERS = """
[[flashers]]
kind = "st-flash"

[[flashers]]
kind = "gdb"

[[flashers]]
kind = "openocd"
interface = "stlink"
target = "stm32f4x"
"""


@pytest.fixture
def bin_dir(tmp_path, monkeypatch):
    """A PATH of which the test decides what is in it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def put(folder, name, script="exit 0"):
    """A program that does what ``script`` says."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def with_flashers():
    fields = tomllib.loads((targets_dir() / "stm32f405.toml").read_text())
    return Target.model_validate({**fields, **tomllib.loads(FLASHERS)})


def names(report, purpose):
    return {check.name: check.found for check in report.of(purpose)}


@pytest.mark.parametrize("name", target_names())
def test_every_target_needs_a_compiler_and_says_what_runs_it(name):
    report, target = examine(load_target(name)), load_target(name)
    assert report.of(Purpose.BUILD)[0].name == target.compiler.command
    assert (report.can(Purpose.EMULATE) is None) == (target.emulator is None)
    assert (report.can(Purpose.FLASH) is None) == (not target.flashers)


@pytest.mark.parametrize("name", ["mps2-an386", "riscv-virt", "kc705-lx106", "host"])
def test_an_installed_compiler_with_its_library_is_found(name):
    target = load_target(name)
    need(target.compiler.command)
    assert examine(target).can(Purpose.BUILD)


def test_a_compiler_without_its_c_library_is_missing(tmp_path):
    """As after installing gcc-arm-none-eabi without libnewlib-arm-none-eabi."""
    need("arm-none-eabi-gcc")
    target = load_target("mps2-an386")
    compiler = target.compiler.model_copy(update={"flags": [*target.compiler.flags, "-nostdinc"]})
    check = examine(target.model_copy(update={"compiler": compiler})).of(Purpose.BUILD)[0]
    assert not check.found
    assert "string.h" in check.detail
    compiler = target.compiler.model_copy(update={"link_flags": ["--specs=absent.specs"]})
    check = examine(target.model_copy(update={"compiler": compiler})).of(Purpose.BUILD)[0]
    assert not check.found
    assert "absent.specs" in check.detail


def test_an_emulator_that_does_not_know_the_machine_is_missing():
    need("qemu-system-arm")
    target = load_target("mps2-an386")
    emulator = target.emulator.model_copy(update={"machine": "mps9-an999"})
    report = examine(target.model_copy(update={"emulator": emulator}))
    assert not report.can(Purpose.EMULATE)
    assert "does not know the machine mps9-an999" in report.of(Purpose.EMULATE)[0].detail


def test_one_flasher_of_several_is_enough(bin_dir):
    target = with_flashers()
    assert examine(target).can(Purpose.FLASH) is False
    put(bin_dir, "openocd")
    report = examine(target)
    assert report.can(Purpose.FLASH)
    assert names(report, Purpose.FLASH) == {"st-flash": False, "gdb-multiarch": False, "openocd": True}


def test_nothing_installed_is_said_for_each_purpose(bin_dir):
    with pytest.raises(MissingToolError) as caught:
        examine(with_flashers()).require()
    assert caught.value.message == (
        "stm32f405 cannot be built (needs arm-none-eabi-gcc and arm-none-eabi-objcopy) nor emulated "
        "(needs qemu-system-arm) nor flashed (needs st-flash or gdb-multiarch or openocd) here"
    )
    assert "gcc-arm-none-eabi libnewlib-arm-none-eabi" in caught.value.hint
    assert "stlink-tools" in caught.value.hint


def test_a_target_that_can_be_built_and_emulated_is_satisfied():
    need("gcc")
    examine(load_target("host")).require()


def test_a_compiler_that_cannot_run_is_missing(bin_dir):
    put(bin_dir, "arm-none-eabi-gcc", "echo 'fatal error: broken' >&2; exit 1")
    check = examine(load_target("mps2-an386")).of(Purpose.BUILD)[0]
    assert not check.found
    assert "broken" in check.detail


def test_a_simulated_chip_needs_node_and_its_package(bin_dir, tmp_path, monkeypatch):
    target = load_target("mps2-an386")
    emulator = target.emulator.model_copy(update={"kind": "rp2040js"})
    target = target.model_copy(update={"emulator": emulator})
    monkeypatch.setattr("sys.prefix", str(tmp_path / "absent"))
    monkeypatch.delenv("NODE_PATH", raising=False)
    assert names(examine(target), Purpose.EMULATE) == {"node": False, "rp2040js": False}
    put(bin_dir, "node")
    package = tmp_path / "modules" / "rp2040js"
    package.mkdir(parents=True)
    (package / "package.json").write_text("{}")
    monkeypatch.setenv("NODE_PATH", str(tmp_path / "modules"))
    assert names(examine(target), Purpose.EMULATE) == {"node": True, "rp2040js": True}
