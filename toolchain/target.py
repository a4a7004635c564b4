"""Targets are data: ``targets/<name>.toml``, checked against this schema when loaded."""

import difflib
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolchain.errors import UsageError
from toolchain.resources import targets_dir


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Compiler(_Table):
    """The C compiler's command and the flags that make code for this core."""

    command: str
    flags: list[str]
    link_flags: list[str] = []


class Region(_Table):
    """A range of addresses, in bytes."""

    origin: int = Field(ge=0)
    length: int = Field(gt=0)


class Memory(_Table):
    """The memory map the linker script is made from."""

    flash: Region
    ram: Region


class Board(_Table):
    """Which board templates make up the image, and the addresses they need."""

    template: str
    uart: str | None = None
    uart_base: int | None = None
    uart_irq: int | None = None
    baud: int = 115200
    timer: str | None = None
    timer_base: int | None = None
    timer_hz: int | None = None
    clock_hz: int | None = None


class Emulator(_Table):
    """How the image is run without a board."""

    kind: Literal["qemu", "process"]
    command: str | None = None
    machine: str | None = None
    args: list[str] = []
    #: Instructions per timer tick as a fraction, where the emulator makes time a count of instructions.
    ticks_per_instruction: float | None = None


class Budget(_Table):
    """Bytes an image may take, per model name. RAM is data + bss + stack high-water mark."""

    flash_bytes: dict[str, int] = {}
    ram_bytes: dict[str, int] = {}


class Target(_Table):
    """One board: everything the build, the flasher and the link need to know about it."""

    name: str
    description: str
    chip: str
    core: str
    compiler: Compiler
    memory: Memory | None = None
    board: Board
    emulator: Emulator | None = None
    budget: Budget = Budget()


def target_names() -> list[str]:
    """Names of all targets, sorted."""
    return sorted(path.stem for path in targets_dir().glob("*.toml"))


def load_target(name: str) -> Target:
    """Load ``targets/<name>.toml``.

    Raises:
        UsageError: if there is no such target (the nearest name is suggested), or its file is not valid.
    """
    known = target_names()
    if name not in known:
        nearest = difflib.get_close_matches(name, known, n=1)
        suggestion = f"did you mean '{nearest[0]}'?" if nearest else f"known targets: {', '.join(known)}"
        raise UsageError(f"there is no target '{name}'", suggestion)
    return read_target(targets_dir() / f"{name}.toml")


def read_target(path: Path) -> Target:
    """Read a target file and check it against the schema.

    Raises:
        UsageError: naming the file and the first field that is wrong.
    """
    try:
        return Target.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"cannot read target file {path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"target file {path}: field '{field}': {first['msg']}") from error
