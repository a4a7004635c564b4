"""Intel HEX images carry the same bytes as the ELF file, at the same addresses."""

from intelhex import IntelHex

from tests.build.test_uf2 import content
from tests.builds import build_once


def test_the_image_of_the_nrf52840_is_its_elf_file():
    build = build_once("nrf52840", "wav2small-17k")
    image = IntelHex(str(build.image))
    assert image.segments() == [(0, build.sizes.flash_bytes)]
    assert image.tobinstr() == content(build.elf)
