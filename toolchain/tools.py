"""Programs the toolchain calls, and the line that installs a missing one."""

import shutil
import sys
from pathlib import Path

from toolchain.errors import MissingToolError

#: Debian packages by command.
_PACKAGES = {
    "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "gcc": "gcc libc6-dev",
    "gdb-multiarch": "gdb-multiarch",
    "node": "nodejs npm",
    "openocd": "openocd",
    "qemu-system-arm": "qemu-system-arm",
    "qemu-system-riscv32": "qemu-system-misc",
    "qemu-system-xtensa": "qemu-system-misc",
    "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
    "st-flash": "stlink-tools",
    "xtensa-lx106-elf-gcc": "gcc-xtensa-lx106 picolibc-xtensa-lx106-elf",
}


#: npm's packages, which go beside this Python's.
_NODE_PACKAGES = {"rp2040js": "rp2040js@1.4.1"}


def install_line(command: str) -> str:
    """Return the shell line that installs ``command`` on Debian, or "" where none is known."""
    if command in _NODE_PACKAGES:
        return f'npm install --prefix "{sys.prefix}" {_NODE_PACKAGES[command]}'
    packages = _PACKAGES.get(command)
    return f"sudo apt-get install --no-install-recommends {packages}" if packages else ""


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
