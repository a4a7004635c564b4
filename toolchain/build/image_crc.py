"""The checksum by which a board knows that its image is what the build made (docs/wire-format.md, "Health")."""

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import Section, SymbolTableSection

from toolchain.errors import BuildError

#: The checksum is over the first section and what stands before the checksum's own word, the second section's last.
_CODE, _CONSTANTS = ".text", ".rodata"
_CRC_BYTES = 4
_SYMBOL = "memory_image_crc"

#: Sections of the linker scripts whose content no checksum covers: a boot loader has one of its own, the others have
#: no content, or nothing in them.
_OTHERS = (".boot_loader", ".stack", ".noinit", ".data", ".bss")


def seal_image(elf: Path) -> int | None:
    """Write the CRC-32 of an ELF file's code and constants into the word that the linker script keeps for it.

    Args:
        elf: of an image with a linker script of ours; another one, a program of an operating system, is left alone.

    Returns:
        the checksum, as the board computes it; None for a program.

    Raises:
        BuildError: if the word is not where it belongs, or the image has a section that the checksum would not cover.
    """
    with elf.open("r+b") as file:
        sections = {section.name: section for section in ELFFile(file).iter_sections()}
        place = _checksum_address(sections.get(".symtab"))
        if place is None:
            return None
        _refuse_orphans(elf.name, sections.values())
        code, constants = sections[_CODE], sections[_CONSTANTS]
        before = constants["sh_size"] - _CRC_BYTES
        if place != constants["sh_addr"] + before:
            raise BuildError(
                f"the checksum of {elf.name} is not at the end of its constants", "check the linker script"
            )
        crc = zlib.crc32(constants.data()[:before], zlib.crc32(code.data()))
        file.seek(constants["sh_offset"] + before)
        file.write(struct.pack("<I", crc))
    return crc


def _refuse_orphans(name: str, sections: Iterable[Section]) -> None:
    """Refuse what the linker has put somewhere by itself, because the script has no place for it."""
    placed = (_CODE, _CONSTANTS, *_OTHERS)
    orphans = [
        section.name
        for section in sections
        if section["sh_flags"] & SH_FLAGS.SHF_ALLOC and section["sh_size"] and section.name not in placed
    ]
    if orphans:
        raise BuildError(
            f"{name} has a section {orphans[0]}, which neither the checksum covers nor the start-up code knows",
            "give it a place in .text, .rodata or .bss, in the source or the linker script",
        )


def _checksum_address(symbols: Section | None) -> int | None:
    """Where the linker script keeps the word."""
    found = symbols.get_symbol_by_name(_SYMBOL) if isinstance(symbols, SymbolTableSection) else None
    return int(found[0]["st_value"]) if found else None
