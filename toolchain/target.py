"""Targets are data: ``targets/<name>.toml``, checked against this schema when loaded."""

import difflib
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from toolchain.errors import UsageError
from toolchain.resources import targets_dir

#: Bits per second of a serial line whose target does not say otherwise.
DEFAULT_BAUD = 115_200

#: Names of template files and folders: nothing that leads out of their folder.
_NAME_PATTERN = r"^[a-z0-9_]+$"
_NAME = Field(pattern=_NAME_PATTERN)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Compiler(_Table):
    """The C compiler's command and the flags that make code for this core."""

    command: str
    #: For compiling and linking alike, and for one of them only.
    flags: list[str]
    compile_flags: list[str] = []
    link_flags: list[str] = []


class Region(_Table):
    """A range of addresses, in bytes."""

    origin: int = Field(ge=0)
    length: int = Field(gt=0)


class Memory(_Table):
    """The memory map the linker script is made from."""

    #: Where the code is: flash, or the RAM it is loaded into.
    flash: Region
    ram: Region
    #: Bytes reserved for the stack, part of ``ram``.
    stack_bytes: int = Field(gt=0, multiple_of=8)


class Uart(_Table):
    """The serial line: a driver of ``firmware_templates/boards/uart`` and where its registers are."""

    driver: str = _NAME
    base: int
    #: Bytes from one register to the next, where machines differ in that (the 16550).
    stride: int = Field(default=1, gt=0)
    receive_irq: int = Field(ge=0)
    clock_hz: int = Field(gt=0)
    baud: int = Field(default=DEFAULT_BAUD, gt=0)


class Ticks(_Table):
    """The tick counter: a driver of ``firmware_templates/boards/ticks``; none if the template has one."""

    driver: str | None = Field(default=None, pattern=_NAME_PATTERN)
    base: int | None = None
    hz: int = Field(gt=0)


class Board(_Table):
    """Which board templates make up the image."""

    #: A folder of ``firmware_templates/boards``.
    template: str = _NAME
    clock_hz: int | None = None
    uart: Uart | None = None
    ticks: Ticks


class Link(_Table):
    """Memory the firmware gives to the serial link."""

    #: Bytes that may arrive while the engine is busy: a power of two.
    receive_ring_bytes: int = 1024
    #: Samples of one AUDIO frame.
    audio_frame_samples: int = Field(default=128, gt=0)

    @field_validator("receive_ring_bytes")
    @classmethod
    def _is_power_of_two(cls, value: int) -> int:
        if value < 256 or value & (value - 1):
            raise ValueError("must be a power of two, at least 256")
        return value

    @model_validator(mode="after")
    def _frame_fits_ring(self) -> "Link":
        # A frame is 4 % at most longer than its samples, plus headers; 64 bytes are kept for recovery.
        if 2 * self.audio_frame_samples + 32 > self.receive_ring_bytes - 64:
            raise ValueError("an AUDIO frame must fit into the receive ring")
        return self


class Emulator(_Table):
    """How the image is run without a board."""

    kind: Literal["qemu", "process"]
    command: str | None = None
    machine: str | None = None
    args: list[str] = []
    #: Ticks per executed instruction, where the emulator makes time a count of instructions.
    ticks_per_instruction: float | None = None

    @model_validator(mode="after")
    def _qemu_is_complete(self) -> "Emulator":
        if self.kind == "qemu" and not (self.command and self.machine):
            raise ValueError("QEMU needs 'command' and 'machine'")
        return self


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
    link: Link = Link()
    emulator: Emulator | None = None
    budget: Budget = Budget()

    @property
    def baud(self) -> int:
        """Bits per second of the serial line."""
        return self.board.uart.baud if self.board.uart else DEFAULT_BAUD


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
