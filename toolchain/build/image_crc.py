"""The checksum by which a board knows that its image is what the build made (docs/wire-format.md, "Health")."""

import struct
import zlib
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import Section, SymbolTableSection

from toolchain.errors import BuildError

#: The checksum is over the first section and what stands before the checksum's own word, the second section's last.
_CODE, _CONSTANTS = ".text", ".rodata"
_CRC_BYTES = 4
_SYMBOL = "memory_image_crc"


def seal_image(elf: Path) -> int | None:
    """Write the CRC-32 of an ELF file's code and constants into the word that the linker script keeps for it.

    Args:
        elf: of an image with a linker script of ours; another one, a program of an operating system, is left alone.

    Returns:
        the checksum, as the board computes it; None for a program.

    Raises:
        BuildError: if the word is not where it belongs.
    """
    with elf.open("r+b") as file:
        sections = {section.name: section for section in ELFFile(file).iter_sections()}
        place = _checksum_address(sections.get(".symtab"))
        if place is None:
            return None
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


def _checksum_address(symbols: Section | None) -> int | None:
    """Where the linker script keeps the word."""
    found = symbols.get_symbol_by_name(_SYMBOL) if isinstance(symbols, SymbolTableSection) else None
    return int(found[0]["st_value"]) if found else None
