"""Images for Espressif's chips: what esptool says of them, and what goes where in the chip's memory."""

import re
import shutil
import subprocess
import sys

import pytest
from elftools.elf.elffile import ELFFile

from tests.builds import build_once, strict, student_of
from toolchain.build import build_firmware
from toolchain.build.esp_image import make_esp_image
from toolchain.errors import BuildError
from toolchain.model_names import MODELS
from toolchain.target import load_target

CHIPS = ["esp32", "esp32s3", "esp32c3"]
DEPLOYED = [(chip, model) for chip in CHIPS for model in MODELS]
MODEL = "wav2small-17k"

#: What a header starts with, and esptool's names for the chips.
IMAGE_MAGIC = 0xE9
NAMES = {"esp32": "ESP32", "esp32s3": "ESP32-S3", "esp32c3": "ESP32-C3"}

#: From a byte's address for data to its address for instructions, in memory that has both; and where the memory begins
#: that the chip's ROM needs while it loads the image (ESP-IDF's bootloader.memory.ld and memory_layout.c).
DATA_TO_CODE = {"esp32s3": 0x6F_0000, "esp32c3": 0x70_0000}
ROM_MEMORY = {"esp32": 0x3FFE_0000, "esp32s3": 0x3FCD_7E00, "esp32c3": 0x3FCC_AE00}

SEGMENT = re.compile(r"^ +\d+ +0x([0-9a-f]+) +0x([0-9a-f]+) +0x[0-9a-f]+ +(.+)$", re.MULTILINE)


def image_info(image):
    command = [sys.executable, "-m", "esptool", "image-info", str(image)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def segments(info):
    """(length, load address, kinds of memory) of each segment."""
    return [(int(length, 16), int(address, 16), kinds) for length, address, kinds in SEGMENT.findall(info)]


@pytest.mark.parametrize(("chip", "model"), DEPLOYED)
def test_esptool_finds_checksum_and_hash_valid(chip, model):
    info = image_info(build_once(chip, model).image)
    assert f"Detected image type: {NAMES[chip]}\n" in info
    assert re.search(r"^Checksum: 0x[0-9a-f]{2} \(valid\)$", info, re.MULTILINE)
    assert re.search(r"^Validation hash: [0-9a-f]{64} \(valid\)$", info, re.MULTILINE)


@pytest.mark.parametrize(("chip", "model"), DEPLOYED)
def test_code_is_loaded_where_it_runs_and_bytes_where_they_can_be_read(chip, model):
    build, memory = build_once(chip, model), load_target(chip).memory
    info = image_info(build.image)
    code = [segment for segment in segments(info) if "IRAM" in segment[2]]
    data = [segment for segment in segments(info) if "DRAM" in segment[2]]
    assert len(code) == len(data) == 1 and len(segments(info)) == 2
    for (length, address, _), region in ((code[0], memory.flash), (data[0], memory.ram)):
        assert address % 4 == length % 4 == 0
        assert region.origin <= address and address + length <= region.origin + region.length
    entry = int(re.search(r"^Entry point: 0x([0-9a-f]+)$", info, re.MULTILINE).group(1), 16)
    assert code[0][1] <= entry < code[0][1] + code[0][0]
    with build.elf.open("rb") as file:
        symbols = {s.name: s["st_value"] for s in ELFFile(file).get_section_by_name(".symtab").iter_symbols()}
    assert entry == symbols["board_reset"]
    vectors, alignment = ("trap_table", 256) if chip == "esp32c3" else ("exception_vectors", 1024)
    assert symbols[vectors] % alignment == 0


@pytest.mark.parametrize("chip", CHIPS)
def test_code_data_and_the_roms_memory_are_apart(chip):
    memory = load_target(chip).memory
    assert memory.ram.origin + memory.ram.length <= ROM_MEMORY[chip]
    if chip in DATA_TO_CODE:
        assert memory.flash.origin + memory.flash.length <= memory.ram.origin + DATA_TO_CODE[chip]


@pytest.mark.parametrize("chip", CHIPS)
def test_sizes_are_those_of_a_board_that_holds_everything_in_ram(chip):
    build = build_once(chip, MODEL)
    loaded = sum(length for length, _, _ in segments(image_info(build.image)))
    # esptool fills segments up to four bytes.
    assert 0 <= loaded - build.sizes.flash_bytes < 8
    variables = sum(section.bytes for section in build.sizes.sections if section.name in (".bss", ".noinit"))
    assert build.sizes.ram_static_bytes == build.sizes.flash_bytes + variables


def test_an_image_has_a_header_and_is_the_same_wherever_it_is_built(tmp_path):
    first = build_once("esp32c3", MODEL)
    again = build_firmware(student_of(MODEL), strict(load_target("esp32c3")), tmp_path / "somewhere" / "else")
    assert first.image.read_bytes()[0] == IMAGE_MAGIC
    assert again.image.read_bytes() == first.image.read_bytes()


def test_what_esptool_refuses_is_an_error_with_its_reason(tmp_path):
    image = load_target("esp32").image
    (tmp_path / "not.elf").write_bytes(b"no program")
    with pytest.raises(BuildError, match=r"esptool made no image for esp32: .*valid ELF"):
        make_esp_image(image, tmp_path, "not.elf")
    shutil.copy(build_once("esp32", MODEL).elf, tmp_path / "firmware.elf")
    odd = image.model_copy(update={"flash_freq": "81m"})
    with pytest.raises(BuildError, match=r"esptool made no image for esp32: .*81m") as caught:
        make_esp_image(odd, tmp_path, "firmware.elf")
    assert "elf2image" in caught.value.hint
    assert not (tmp_path / "firmware.bin").exists()


def test_a_student_larger_than_the_memory_is_refused_with_its_excess(tmp_path):
    target = load_target("esp32s3")
    memory = target.memory.model_copy(update={"flash": target.memory.flash.model_copy(update={"length": 0x2000})})
    with pytest.raises(BuildError, match=r"does not fit the RAM for code of esp32s3: [\d,]+ bytes too many"):
        build_firmware(student_of(MODEL), target.model_copy(update={"memory": memory}), tmp_path / "out")
