"""The lines that install what is missing, per system."""

import pytest

from toolchain.errors import MissingToolError
from toolchain.target import load_target, target_names
from toolchain.tools import SYSTEMS, current_system, find_tool, install_line, install_steps


def test_packages_of_one_manager_are_one_line():
    assert install_steps(["qemu-system-riscv32", "qemu-system-xtensa", "openocd"], "debian") == [
        "sudo apt-get install --no-install-recommends qemu-system-misc openocd"
    ]


def test_objcopy_comes_with_its_compiler():
    assert install_line("arm-none-eabi-objcopy", "macos") == "brew install --cask gcc-arm-embedded"


@pytest.mark.parametrize(
    ("system", "line"),
    [
        ("debian", "sudo apt-get install --no-install-recommends gcc-arm-none-eabi libnewlib-arm-none-eabi"),
        ("macos", "brew install --cask gcc-arm-embedded"),
        ("windows", "winget install Arm.GnuArmEmbeddedToolchain"),
    ],
)
def test_the_arm_compiler_is_packaged_everywhere(system, line):
    assert install_line("arm-none-eabi-gcc", system) == line


@pytest.mark.parametrize(("system", "start"), [("macos", "docker run"), ("windows", "wsl --install -d Debian;")])
def test_what_a_system_does_not_package_runs_in_debian(system, start):
    line = install_line("riscv64-unknown-elf-gcc", system)
    assert line.startswith(start)
    assert "picolibc-riscv64-unknown-elf" in line


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_target_can_be_built_and_emulated_on_every_system(system):
    for target in map(load_target, target_names()):
        commands = [target.compiler.command]
        if target.emulator and target.emulator.command:
            commands.append(target.emulator.command)
        assert all(install_line(command, system) for command in commands), target.name


def test_a_missing_program_tells_the_line_of_this_system(monkeypatch):
    monkeypatch.setenv("PATH", "")
    for name, system in (("Linux", "debian"), ("Darwin", "macos"), ("Windows", "windows")):
        monkeypatch.setattr("platform.system", lambda name=name: name)
        assert current_system() == system
        with pytest.raises(MissingToolError, match="'openocd' is not installed") as caught:
            find_tool("openocd")
        assert caught.value.hint == f"run: {install_line('openocd', system)}"


def test_an_unknown_program_has_no_line(monkeypatch):
    assert install_line("emacs") == ""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingToolError) as caught:
        find_tool("emacs")
    assert "PATH" in caught.value.hint
