"""ELF files of images that are not what the build made: with bytes flipped, or with a function that fails."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from toolchain.build.image_crc import seal_image

#: What a checksum covers, its own word included.
_COVERED = (".text", ".rodata")


@dataclass(frozen=True)
class Place:
    """A byte of an image."""

    address: int
    offset: int  # in the ELF file
    section: str


def covered_places(elf: Path) -> list[Place]:
    """All bytes of the image in the order of their addresses."""
    with elf.open("rb") as file:
        parsed = ELFFile(file)
        return [place for name in _COVERED for place in _places(parsed, name)]


def _places(parsed: ELFFile, name: str) -> Iterator[Place]:
    section = parsed.get_section_by_name(name)
    for index in range(section["sh_size"]):
        yield Place(section["sh_addr"] + index, section["sh_offset"] + index, name)


def spread(places: list[Place], count: int) -> list[Place]:
    """First and last byte of each section, and others evenly between them."""
    ends = [
        place
        for name in _COVERED
        for place in (next(p for p in places if p.section == name), [p for p in places if p.section == name][-1])
    ]
    step = max(1, len(places) // max(1, count))
    return sorted({*ends, *places[step // 2 :: step]}, key=lambda place: place.address)


def checking_places(elf: Path) -> list[Place]:
    """First and last byte of the functions that compute the checksum and hold it against the image's."""
    by_address = {place.address: place for place in covered_places(elf)}
    ranges = [function_of(elf, name) for name in ("board_check_image", "crc32_update")]
    return [by_address[address] for start, size in ranges for address in (start, start + size - 1)]


def flipped(elf: Path, place: Place, mask: int, copy: Path) -> Path:
    """A copy of ``elf`` with the bits of ``mask`` flipped in one byte."""
    content = bytearray(elf.read_bytes())
    content[place.offset] ^= mask
    copy.write_bytes(content)
    return copy


def function_of(elf: Path, name: str) -> tuple[int, int]:
    """Address and size of a function; of a Thumb function, without the lowest bit of its symbol."""
    with elf.open("rb") as file:
        (symbol, *_) = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name(name)
        return symbol["st_value"] & ~1, symbol["st_size"]


def with_function(elf: Path, name: str, code: bytes, copy: Path) -> Path:
    """A copy of ``elf`` whose function ``name`` begins with ``code``, and whose checksum is right for that."""
    start, size = function_of(elf, name)
    assert len(code) <= size
    content = bytearray(elf.read_bytes())
    offset = next(place.offset for place in covered_places(elf) if place.address == start)
    content[offset : offset + len(code)] = code
    copy.write_bytes(content)
    seal_image(copy)
    return copy
