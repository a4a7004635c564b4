"""How many bytes of flash and RAM an image takes, and which part takes them."""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from pydantic import Field

from toolchain.errors import BuildError
from toolchain.target import Memory, Region

#: The linker script reserves the stack in this section.
_STACK = ".stack"

#: A line of the map that starts an output section, and one that places a part of an object in it. Long names
#: stand on a line of their own.
_OUTPUT_SECTION = re.compile(r"^(\.[\w.]+)(?:\s|$)")
_PLACED = re.compile(r"^ (?:\.?[\w.$]+)?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$")


#: A manifest that says otherwise is refused.
Bytes = Annotated[int, Field(ge=0)]


@dataclass(frozen=True)
class Section:
    """One section of the image: its bytes, and in which memory they lie while the board runs or sleeps."""

    name: str
    bytes: Bytes
    in_flash: bool
    in_ram: bool


@dataclass(frozen=True)
class Sizes:
    """Sizes of an image in bytes.

    Attributes:
        sections: the sections that take memory, in the order of the image.
        objects: bytes by object file, as (flash, RAM), largest flash first; libraries are one entry each.
        flash_bytes: what is written to flash, initial values of variables included.
        ram_static_bytes: variables, without the stack; code and constants too where they are loaded into RAM.
        stack_bytes: reserved for the stack; 0 where the operating system provides it.
    """

    sections: tuple[Section, ...]
    objects: dict[str, tuple[Bytes, Bytes]]
    flash_bytes: Bytes
    ram_static_bytes: Bytes
    stack_bytes: Bytes

    def largest_in_flash(self) -> tuple[str, int]:
        """Return the object that takes most flash, and its bytes."""
        return max(((name, flash) for name, (flash, _) in self.objects.items()), key=lambda item: item[1])

    def largest_in_ram(self) -> tuple[str, int]:
        """Return the object that takes most RAM, and its bytes."""
        return max(((name, ram) for name, (_, ram) in self.objects.items()), key=lambda item: item[1])


def measure(elf: Path, map_file: Path, memory: Memory | None) -> Sizes:
    """Read the sizes of an image from its ELF file and the linker's map.

    Args:
        elf: the image.
        map_file: the linker's map of it.
        memory: the target's memory map, None where an operating system provides the memory. Everything counts
            as RAM where a boot loader puts all of the image there.

    Raises:
        BuildError: if either file is not what a linker writes.
    """
    sections = _read_sections(elf, loaded=memory is not None and memory.loaded)
    without_stack = [section for section in sections if section.name != _STACK]
    return Sizes(
        sections=tuple(sections),
        objects=_read_objects(map_file, {section.name: section for section in without_stack}),
        flash_bytes=sum(section.bytes for section in sections if section.in_flash),
        ram_static_bytes=sum(section.bytes for section in without_stack if section.in_ram),
        stack_bytes=sum(section.bytes for section in sections if section.name == _STACK),
    )


def _read_sections(elf: Path, loaded: bool) -> list[Section]:
    try:
        with elf.open("rb") as file:
            headers = [(section.name, section.header) for section in ELFFile(file).iter_sections()]
    except (OSError, ELFError) as error:
        raise BuildError(f"cannot read {elf}: {error}") from error
    return [
        Section(
            name=name,
            bytes=header["sh_size"],
            in_flash=header["sh_type"] != "SHT_NOBITS",
            in_ram=loaded or bool(header["sh_flags"] & SH_FLAGS.SHF_WRITE),
        )
        for name, header in headers
        if header["sh_flags"] & SH_FLAGS.SHF_ALLOC and header["sh_size"] > 0
    ]


def largest_within(map_file: Path, region: Region) -> tuple[str, int]:
    """Return the object that takes most of a region, and its bytes: also of an image that does not fit.

    Args:
        map_file: the linker's map.
        region: where the image lies, its excess included.

    Raises:
        BuildError: if there is no such map, or no object lies there.
    """
    objects: dict[str, int] = defaultdict(int)
    for line in _read_placement(map_file):
        placed = _PLACED.match(line)
        if placed and 0 <= int(placed.group(1), 16) - region.origin < region.length:
            objects[_object_name(placed.group(3))] += int(placed.group(2), 16)
    if not objects:
        raise BuildError(f"{map_file} places nothing at 0x{region.origin:08X}")
    return max(objects.items(), key=lambda item: item[1])


def _read_placement(map_file: Path) -> list[str]:
    """The lines of a map that say what lies where; without the sections for debuggers, which come last."""
    try:
        _, _, placement = map_file.read_text(errors="replace").partition("Linker script and memory map")
    except OSError as error:
        raise BuildError(f"cannot read {map_file}: {error}") from error
    return placement.partition("\nOUTPUT(")[0].splitlines()


def _read_objects(map_file: Path, sections: dict[str, Section]) -> dict[str, tuple[int, int]]:
    """Sum what each object contributes to the given sections."""
    flash: dict[str, int] = defaultdict(int)
    ram: dict[str, int] = defaultdict(int)
    section: Section | None = None
    for line in _read_placement(map_file):
        if heading := _OUTPUT_SECTION.match(line):
            section = sections.get(heading.group(1))
        elif section is not None and (placed := _PLACED.match(line)):
            name, size = _object_name(placed.group(3)), int(placed.group(2), 16)
            flash[name] += size if section.in_flash else 0
            ram[name] += size if section.in_ram else 0
    names = sorted(flash, key=lambda name: (-flash[name], name))
    return {name: (flash[name], ram[name]) for name in names if flash[name] or ram[name]}


def _object_name(path: str) -> str:
    """``obj/engine/w2s_head.o`` -> ``engine/w2s_head``; a member of a library -> the library's file name."""
    library, _, _ = path.partition("(")
    return path.removeprefix("obj/").removesuffix(".o") if path.startswith("obj/") else Path(library).name
