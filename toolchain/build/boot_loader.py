"""The checksum without which an RP2040's boot ROM does not run the boot loader in flash."""

import struct
from pathlib import Path

from elftools.elf.elffile import ELFFile

#: The linker script puts the boot loader here; its last word is kept for the checksum.
_SECTION = ".boot_loader"
_CHECKSUM_BYTES = 4

#: CRC-32 with neither reflection nor final inversion (RP2040 Datasheet, 2.8.1.3.1).
_POLYNOMIAL = 0x04C11DB7
_INITIAL = 0xFFFFFFFF


def rom_checksum(code: bytes) -> int:
    """Return the checksum of a boot loader without its last word."""
    crc = _INITIAL
    for byte in code:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (_POLYNOMIAL if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc


def seal_boot_loader(elf: Path) -> None:
    """Write the checksum into the last word of the ELF file's boot loader; a file without one is left alone."""
    with elf.open("r+b") as file:
        section = ELFFile(file).get_section_by_name(_SECTION)
        if section is None:
            return
        code = section.data()[:-_CHECKSUM_BYTES]
        file.seek(section["sh_offset"] + len(code))
        file.write(struct.pack("<I", rom_checksum(code)))
