"""The checksum of an image covers all that is loaded, or there is no image."""

import shutil
import subprocess
import zlib

import pytest
from elftools.elf.elffile import ELFFile

from tests.builds import build_once, need
from toolchain.build.image_crc import seal_image
from toolchain.errors import BuildError

OBJCOPY = "arm-none-eabi-objcopy"


@pytest.fixture(scope="module")
def build():
    need(OBJCOPY)
    return build_once("mps2-an386", "wav2small-17k")


@pytest.fixture
def with_section(build, tmp_path):
    """The image with one more section of eight bytes, which no linker script has a place for."""
    content = tmp_path / "content"
    content.write_bytes(bytes(range(8)))

    def add(flags: str):
        elf = tmp_path / "firmware.elf"
        added = [f"--add-section=.orphan={content}", f"--set-section-flags=.orphan={flags}"]
        subprocess.run([OBJCOPY, *added, build.elf, elf], check=True)
        return elf

    return add


def test_an_image_has_the_checksum_of_its_code_and_constants(build, tmp_path):
    elf = tmp_path / "firmware.elf"
    shutil.copy(build.elf, elf)
    assert seal_image(elf) == build.image_crc
    with elf.open("rb") as file:
        code, constants = (ELFFile(file).get_section_by_name(name).data() for name in (".text", ".rodata"))
    assert zlib.crc32(code + constants[:-4]) == build.image_crc
    assert constants[-4:] == build.image_crc.to_bytes(4, "little")


@pytest.mark.parametrize("flags", ["alloc,load,readonly,data,contents", "alloc,load,readonly,code,contents", "alloc"])
def test_a_section_that_no_linker_script_places_is_refused_by_name(with_section, flags):
    with pytest.raises(BuildError, match=r"firmware.elf has a section \.orphan, which neither the checksum covers"):
        seal_image(with_section(flags))


def test_a_section_that_is_not_loaded_does_no_harm(with_section, build):
    assert seal_image(with_section("readonly,contents")) == build.image_crc
