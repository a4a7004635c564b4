"""Programs and packages the toolchain calls, and the lines that install missing ones, per operating system."""

import platform
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, get_args

from toolchain.errors import MissingToolError

System = Literal["debian", "macos", "windows"]
SYSTEMS: tuple[System, ...] = get_args(System)

#: Names by package manager. A program without a name in any of a system's managers is not packaged for it: Homebrew's
#: riscv64-elf-gcc is built without a C library, and neither Homebrew nor winget has a compiler for the LX106.
_PACKAGES: dict[str, dict[str, str]] = {
    "aarch64-linux-gnu-gcc": {"apt": "gcc-aarch64-linux-gnu libc6-dev-arm64-cross"},
    "arm-none-eabi-gcc": {
        "apt": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
        "cask": "gcc-arm-embedded",
        "winget": "Arm.GnuArmEmbeddedToolchain",
    },
    "gcc": {"apt": "gcc libc6-dev"},
    "gdb-multiarch": {"apt": "gdb-multiarch", "brew-gdb": "gdb", "msys2": "mingw-w64-ucrt-x86_64-gdb-multiarch"},
    "labwired": {"pip": "labwired==0.25.0"},
    "node": {"apt": "nodejs npm", "brew": "node", "winget": "OpenJS.NodeJS.LTS"},
    "openocd": {"apt": "openocd", "brew": "open-ocd", "winget": "xpack-dev-tools.openocd-xpack"},
    "pyocd": {"pip": '"wav2small-toolchain[probe]"'},
    "qemu-aarch64": {"apt": "qemu-user"},
    "qemu-system-arm": {"apt": "qemu-system-arm", "brew": "qemu", "winget": "SoftwareFreedomConservancy.QEMU"},
    "qemu-system-riscv32": {"apt": "qemu-system-misc", "brew": "qemu", "winget": "SoftwareFreedomConservancy.QEMU"},
    "qemu-system-xtensa": {"apt": "qemu-system-misc", "brew": "qemu", "winget": "SoftwareFreedomConservancy.QEMU"},
    "riscv64-unknown-elf-gcc": {"apt": "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf"},
    "rp2040js": {"npm": "rp2040js@1.4.1"},
    "st-flash": {"apt": "stlink-tools", "brew": "stlink", "msys2": "mingw-w64-ucrt-x86_64-stlink"},
    "xtensa-lx106-elf-gcc": {"apt": "gcc-xtensa-lx106 picolibc-xtensa-lx106-elf"},
}

#: Part of the compiler's packages.
_COMES_WITH = re.compile("objcopy$")

#: A manager's line. npm's packages go beside this Python's, or into the ".venv" of another computer.
_LINES = {
    "apt": "sudo apt-get install --no-install-recommends {packages}",
    "brew": "brew install {packages}",
    "cask": "brew install --cask {packages}",
    # Homebrew's GDB knows all architectures, under the name of the one for a single architecture.
    "brew-gdb": 'brew install {packages} && ln -sf gdb "$(brew --prefix)/bin/gdb-multiarch"',
    "winget": "winget install {packages}",
    "msys2": r"winget install MSYS2.MSYS2; C:\msys64\usr\bin\pacman -S --noconfirm {packages}",
    "pip": "pip install {packages}",
    "npm": 'npm install --prefix "{prefix}" {packages}',
}

#: What its installer leaves to do, by manager or package: a comment behind the line.
_AFTERWARDS = {
    "msys2": r"then add C:\msys64\ucrt64\bin to PATH",
    "SoftwareFreedomConservancy.QEMU": r"then add C:\Program Files\qemu to PATH",
}

#: The managers of a system, in the order in which their lines are run.
_MANAGERS: dict[System, tuple[str, ...]] = {
    "debian": ("apt", "pip", "npm"),
    "macos": ("cask", "brew", "brew-gdb", "pip", "npm"),
    "windows": ("winget", "msys2", "pip", "npm"),
}

#: How a system runs Debian's programs where it has no package of its own.
_INSIDE_DEBIAN: dict[System, str] = {
    "macos": 'docker run --rm -it -v "$PWD:/work" -w /work debian:12 sh -c "{} && exec bash"  '
    "# not in Homebrew: the toolchain, too, has to run in this container",
    "windows": 'wsl --install -d Debian; wsl -d Debian -u root sh -c "{}"  '
    "# not in winget: the toolchain, too, has to run in WSL",
}
_AS_ROOT = "apt-get update && apt-get install -y --no-install-recommends {}"


def current_system() -> System:
    """The system this runs on; Debian's packages are named on any Linux."""
    systems: dict[str, System] = {"Darwin": "macos", "Windows": "windows"}
    return systems.get(platform.system(), "debian")


def install_steps(names: Iterable[str], system: System | None = None) -> list[str]:
    """Return the shell lines that install programs and packages, one for each package manager.

    Args:
        names: as in target files, such as "arm-none-eabi-gcc"; unknown ones are left out.
        system: whose lines are wanted; the current one without it.
    """
    system = system or current_system()
    packages: dict[str, list[str]] = {manager: [] for manager in _MANAGERS[system]}
    foreign: list[str] = []
    for name in names:
        known = _PACKAGES.get(_COMES_WITH.sub("gcc", name), {})
        manager = next((manager for manager in packages if manager in known), None)
        if manager is not None:
            packages[manager].append(known[manager])
        elif "apt" in known:
            foreign.append(known["apt"])
    prefix = sys.prefix if system == current_system() else ".venv"
    steps = [_line(manager, _distinct(names), prefix) for manager, names in packages.items() if names]
    if foreign:
        steps.append(_INSIDE_DEBIAN[system].format(_AS_ROOT.format(" ".join(_distinct(foreign)))))
    return steps


def install_line(command: str, system: System | None = None) -> str:
    """Return the shell line that installs ``command``, or "" where none is known."""
    return "".join(install_steps([command], system))


def find_tool(command: str) -> Path:
    """Return the full path of ``command``.

    Raises:
        MissingToolError: if it is not installed; the hint has the line that installs it.
    """
    path = shutil.which(command)
    if path is None:
        line = install_line(command)
        hint = f"run: {line}" if line else "install it, or add it to PATH"
        raise MissingToolError(f"the program '{command}' is not installed", hint)
    return Path(path)


def _line(manager: str, packages: list[str], prefix: str) -> str:
    line = _LINES[manager].format(packages=" ".join(packages), prefix=prefix)
    remarks = [_AFTERWARDS[key] for key in (manager, *packages) if key in _AFTERWARDS]
    return "  # ".join([line, *remarks])


def _distinct(packages: list[str]) -> list[str]:
    return list(dict.fromkeys(" ".join(packages).split()))
