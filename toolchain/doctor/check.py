"""One thing that is there or not."""

import shutil
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec


class Purpose(StrEnum):
    """What a target needs something for."""

    BUILD = "build"
    EMULATE = "emulate"
    FLASH = "flash"


@dataclass(frozen=True)
class Check:
    """One program or package.

    Attributes:
        purpose: what needs it.
        name: what it is called, also in `toolchain.tools`, which knows the lines that install it.
        found: whether it is there and works.
        detail: where it is, or what is wrong with it.
    """

    purpose: str
    name: str
    found: bool
    detail: str


def program(purpose: str, command: str) -> Check:
    """Whether a program is in PATH."""
    path = shutil.which(command)
    return Check(purpose, command, path is not None, path or "not in PATH")


def python_package(purpose: str, module: str) -> Check:
    """Whether a Python package is installed beside the toolchain; it is not imported."""
    found = find_spec(module) is not None
    return Check(purpose, module, found, "Python package" if found else "Python package not installed")
