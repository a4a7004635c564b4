"""The RP2040's second-stage boot loader carries the checksum that the boot ROM looks for."""

import struct

from elftools.elf.elffile import ELFFile

from tests.builds import build_once
from toolchain.build.boot_loader import rom_checksum, seal_boot_loader


def test_the_checksum_is_the_published_one():
    """Check value of CRC-32/MPEG-2, the name that catalogues of CRCs have for these parameters."""
    assert rom_checksum(b"123456789") == 0x0376E6E7
    assert rom_checksum(b"") == 0xFFFFFFFF


def test_the_boot_loader_is_a_page_that_ends_in_its_checksum():
    build = build_once("rp2040", "wav2small-17k")
    with build.elf.open("rb") as file:
        elf = ELFFile(file)
        section = elf.get_section_by_name(".boot_loader")
        page, address = section.data(), section["sh_addr"]
        vectors = elf.get_section_by_name(".text").data()
        reset = next(s for s in elf.get_section_by_name(".symtab").iter_symbols() if s.name == "board_reset")
    assert (address, len(page)) == (0x10000000, 256)
    assert struct.unpack("<I", page[252:]) == (rom_checksum(page[:252]),)
    assert build.image.read_bytes()[32 : 32 + 256] == page
    assert struct.unpack_from("<I", vectors, 4) == (reset["st_value"],)


def test_a_file_without_a_boot_loader_is_left_alone(tmp_path):
    elf = tmp_path / "firmware.elf"
    elf.write_bytes(build_once("microbit", "wav2small-17k").elf.read_bytes())
    before = elf.read_bytes()
    seal_boot_loader(elf)
    assert elf.read_bytes() == before
