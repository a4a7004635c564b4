"""UF2 files: as the specification says, and as Adafruit's converter writes them."""

import struct

import pytest
from adafruit_uf2 import uf2conv
from elftools.elf.elffile import ELFFile

from tests.builds import build_once
from toolchain.build.uf2 import BLOCK_BYTES, to_uf2
from toolchain.target import load_target

FLASH, FAMILY = 0x10000000, 0xE48BFF56


def content(elf) -> bytes:
    """What the ELF file puts into flash, from its first address to its last."""
    with elf.open("rb") as file:
        loaded = [
            (segment["p_paddr"], segment.data())
            for segment in ELFFile(file).iter_segments("PT_LOAD")
            if segment["p_filesz"]
        ]
    start = min(address for address, _ in loaded)
    flat = bytearray(max(address + len(data) for address, data in loaded) - start)
    for address, data in loaded:
        flat[address - start : address - start + len(data)] = data
    return bytes(flat)


@pytest.fixture
def converter(monkeypatch):
    """Adafruit's uf2conv, set to the RP2040."""
    monkeypatch.setattr(uf2conv, "familyid", FAMILY)
    monkeypatch.setattr(uf2conv, "appstartaddr", FLASH)
    return uf2conv


@pytest.mark.parametrize("size", [1, 255, 256, 257, 5000])
def test_files_are_those_of_the_public_converter(converter, size):
    image = bytes(number * 7 % 251 for number in range(size))
    assert to_uf2(image, FLASH, FAMILY) == bytes(converter.convert_to_uf2(image))


def test_every_field_is_as_specified():
    image = bytes(range(256)) + b"rest"
    file = to_uf2(image, FLASH, FAMILY)
    assert len(file) == 2 * BLOCK_BYTES
    for number in range(2):
        block = file[number * BLOCK_BYTES :][:BLOCK_BYTES]
        assert block[:4] == b"UF2\n"
        fields = struct.unpack_from("<8I", block)
        assert fields[1:] == (0x9E5D5157, 0x2000, FLASH + 256 * number, 256, number, 2, FAMILY)
        assert block[32 : 32 + 256] == image[256 * number :][:256].ljust(256, b"\0")
        assert block[-4:] == struct.pack("<I", 0x0AB16F30)


def test_the_image_of_the_rp2040_is_its_elf_file(converter):
    build = build_once("rp2040", "wav2small-17k")
    target = load_target("rp2040")
    assert (target.image.family_id, target.memory.flash.origin) == (FAMILY, FLASH)
    flat = content(build.elf)
    assert build.image.suffix == ".uf2"
    assert build.image.read_bytes() == bytes(converter.convert_to_uf2(flat))
    assert len(flat) == build.sizes.flash_bytes
