"""The I2S drivers of ESP32-S3 and ESP32-C3, compiled for this computer; there is no simulator of that block."""

import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.builds import student_of
from toolchain.build.sources import firmware_sources
from toolchain.target import load_target

HARNESS = Path(__file__).with_name("esp_microphone_driver.c")
CHIPS = ["esp32s3", "esp32c3"]
CRYSTAL_HZ = 40_000_000


@pytest.fixture(scope="module", params=CHIPS)
def driver(request, tmp_path_factory):
    """The chip's target and a program that runs its driver."""
    folder, target = tmp_path_factory.mktemp(request.param), load_target(request.param)
    sources = firmware_sources(student_of("wav2small-17k"), target)
    for name, text in sources.items():
        if name.startswith("board/") or name.endswith(".h"):
            (folder / Path(name).name).write_text(text)
    program = folder / "driver"
    source = f'-DDRIVER="{target.board.microphone.driver}.c"'
    warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-int-to-pointer-cast"]
    command = ["gcc", "-O1", *warnings, source, f"-I{folder}", str(HARNESS), "-pthread", "-o", str(program)]
    subprocess.run(command, check=True)
    return target, program


def run(program, bytes_per_buffer, data, *registers):
    done = subprocess.run(
        [program, *map(hex, registers)], input=bytes([bytes_per_buffer - 1]) + data, capture_output=True, check=True
    )
    values = [int(line) for line in done.stdout.split()]
    return values[: len(registers)], values[len(registers) :]


@pytest.mark.parametrize("bytes_per_buffer", [256, 64, 63, 1])
def test_samples_are_the_upper_half_of_the_left_slot_however_buffers_are_cut(driver, bytes_per_buffer):
    _, program = driver
    frames = np.random.default_rng(0).integers(0, 2**32, size=(500, 2), dtype=np.uint32)
    _, samples = run(program, bytes_per_buffer, frames.astype("<u4").tobytes())
    assert np.array_equal(samples, (frames[:, 0] >> 16).astype(np.uint16).view(np.int16))


def test_the_clock_is_16_khz_from_the_crystal(driver):
    target, program = driver
    base = target.board.microphone.base
    (clock, fraction, conf1), _ = run(program, 256, b"", base + 0x30, base + 0x38, base + 0x28)
    # I2S_RX_CLKM_DIV_CONF, for a fraction b/a above one half: yn1 is 1, z = a - b, x = a / z - 1, y = a % z.
    z, y, x, yn1 = fraction & 0x1FF, fraction >> 9 & 0x1FF, fraction >> 18 & 0x1FF, fraction >> 27 & 1
    a = z * (x + 1) + y
    assert yn1 == 1 and 2 * (a - z) > a
    assert clock >> 27 & 3 == 0  # the crystal
    divisor = (clock & 0xFF) + Fraction(a - z, a)
    bck_divisor, half_frame_bits = (conf1 >> 7 & 0x3F) + 1, (conf1 >> 18 & 0x3F) + 1
    assert CRYSTAL_HZ / divisor / bck_divisor / (2 * half_frame_bits) == 16_000


def test_pins_are_those_of_the_target_file(driver):
    target, program = driver
    pins = target.board.microphone.pins
    signals = {"esp32s3": (25, 26, 27), "esp32c3": (15, 16, 17)}[target.name]
    data_signal, bclk_signal, ws_signal = signals
    addresses = [0x60004554 + 4 * pins["bclk"], 0x60004554 + 4 * pins["ws"], 0x60004154 + 4 * data_signal]
    (bclk, ws, data), _ = run(program, 256, b"", *addresses)
    assert (bclk & 0xFF, ws & 0xFF, data & 0x1F) == (bclk_signal, ws_signal, pins["din"])
