"""The real esptool against a chip that speaks its boot loader's protocol."""

import os
import random
import time

import pytest
import serial
from esp32_mock_bootloader.server import FlashImage
from esptool.bin_image import ELFSection, ESP32FirmwareImage, ESP32S3FirmwareImage

from tests.flash.esp_chip import WornFlash, on_pty, on_socket
from tests.flash.images import board_with, build_of
from toolchain.errors import FlashError
from toolchain.flash import Job, esptool, flash_steps, write_board
from toolchain.target import EspImage
from toolchain.target.schema import Esptool

OFFSET = 0x1000
TABLE = Esptool(kind="esptool", offset=OFFSET)

#: Where each chip's image may load a segment, and esptool's class for its images.
CHIPS = {"esp32": (0x3FFB0000, ESP32FirmwareImage), "esp32s3": (0x3FCA0000, ESP32S3FirmwareImage)}


@pytest.fixture(params=[on_socket, on_pty], ids=["socket", "pty"])
def attached(request):
    """Attaches a chip by one of the two transports."""
    return request.param


def image_for(chip: str, folder, byte_count: int = 20_000):
    """An image of random bytes, as esptool makes them: with checksum and hash."""
    address, kind = CHIPS[chip]
    image = kind()
    image.entrypoint = address
    image.segments.append(ELFSection(b".data", address, random.Random(1).randbytes(byte_count), 0))
    path = folder / "firmware.bin"
    image.save(str(path))
    return path


def job(tmp_path, port: str, chip: str = "esp32", **image) -> Job:
    """Flash an image for ``chip`` with a target for the same chip."""
    target = board_with(TABLE, image=EspImage(format="esp", chip=chip, **image))
    return Job(target, build_of(image_for(chip, tmp_path)), port=port)


def test_what_arrives_is_the_image(attached, tmp_path):
    flash = FlashImage()
    percentages = []
    with attached("esp32", flash) as port:
        chip_job = job(tmp_path, port)
        write_board(chip_job, TABLE, percentages.append)
    image = chip_job.build.image.read_bytes()
    assert flash.read(OFFSET, len(image)) == image
    assert set(flash.read(0, OFFSET)) == {0xFF}
    assert percentages[-1] == 100
    assert percentages == sorted(percentages)
    assert "Hash of data verified" in (tmp_path / "flash.log").read_text()


def test_flash_that_does_not_hold_what_was_sent_is_refused(attached, tmp_path):
    with attached("esp32", WornFlash()) as port, pytest.raises(FlashError, match="verification failed: .*" + port):
        write_board(job(tmp_path, port), TABLE)


def test_another_chip_is_named_and_nothing_written(attached, tmp_path):
    flash = FlashImage()
    with attached("esp32s3", flash) as port, pytest.raises(FlashError) as caught:
        write_board(job(tmp_path, port), TABLE)
    assert caught.value.message == f"the chip on {port} is an ESP32-S3, not an ESP32"
    assert set(flash.data) == {0xFF}


def test_an_image_for_another_chip_is_refused(tmp_path):
    """The target says ESP32, and so is the chip: the file alone is wrong."""
    flash = FlashImage()
    with on_socket("esp32", flash) as port:
        wrong = job(tmp_path, port)
        image_for("esp32s3", tmp_path)
        with pytest.raises(FlashError, match=f"the image is for another chip than the ESP32 on {port}"):
            write_board(wrong, TABLE)
    assert set(flash.data) == {0xFF}


def test_a_port_that_is_not_there(tmp_path):
    name = str(tmp_path / "ttyNONE")
    with pytest.raises(FlashError, match=f"there is no port {name}"):
        write_board(job(tmp_path, name), TABLE)


def test_a_port_that_nobody_serves(tmp_path):
    with pytest.raises(FlashError, match=r"cannot open the port socket://127.0.0.1:1: .*Connection refused"):
        write_board(job(tmp_path, "socket://127.0.0.1:1"), TABLE)


def test_a_port_that_is_in_use(tmp_path):
    refused = pytest.raises(FlashError, match=r"the port \S+ is in use by another program")
    with on_pty("esp32", FlashImage()) as port, serial.Serial(port, exclusive=True), refused:
        write_board(job(tmp_path, port), TABLE)


#: What esptool 5.6 prints, by what it means.
PRINTED = {
    "there is no port COM9": (
        "A fatal error occurred: Could not open COM9, the port is busy or doesn't exist.\n"
        "(could not open port 'COM9': FileNotFoundError(2, 'The system cannot find the file specified.', None, 2))\n"
    ),
    "no permission to open COM9": (
        "A fatal error occurred: Could not open COM9, the port is busy or doesn't exist.\n"
        "([Errno 13] could not open port /dev/ttyUSB0: [Errno 13] Permission denied: '/dev/ttyUSB0')\n"
    ),
    "the chip on COM9 runs its program instead of waiting for a new one": (
        "A fatal error occurred: Failed to connect to ESP32: Wrong boot mode detected (0x13)! "
        "The chip needs to be in download mode.\n"
    ),
    "the image is too large for the 2097152 bytes of flash on COM9": (
        "A fatal error occurred: File 'firmware.bin' (length 3000000) at offset 0x00001000 will not fit in 2097152 "
        "bytes of flash. Change the flash_size argument or flashing address.\n"
    ),
    "the serial line to COM9 lost or damaged data": (
        "A fatal error occurred: Serial data stream stopped: Possible serial noise or corruption.\n"
    ),
    "the port COM9 cannot do 460800 baud": (
        "A fatal error occurred: Failed to set baud rate 460800. The driver may not support this rate.\n"
    ),
}


@pytest.mark.parametrize(("message", "output"), PRINTED.items())
def test_what_cannot_be_provoked_here_is_told_from_what_it_prints(tmp_path, message, output):
    error = esptool.TOOL.explain(output, job(tmp_path, "COM9"))
    assert error.message == message
    assert error.hint


def test_a_line_where_nobody_answers(tmp_path):
    master, slave = os.openpty()
    start = time.monotonic()
    with pytest.raises(FlashError, match="no ESP32 answers on ") as caught:
        write_board(job(tmp_path, os.ttyname(slave)), TABLE)
    assert time.monotonic() - start < 30
    assert "BOOT" in caught.value.hint
    os.close(master)
    os.close(slave)


def test_an_image_larger_than_the_flash_is_refused_before_anything_is_run(tmp_path):
    small = job(tmp_path, "/dev/ttyNONE", flash_size="1MB")
    small.build.image.write_bytes(bytes(1 << 20))
    with pytest.raises(FlashError, match=r"the image is too large: 1,048,576 bytes, .* holds 1,044,480"):
        write_board(small, TABLE)


def test_the_command(tmp_path):
    (step,) = flash_steps(job(tmp_path, "COM3"), TABLE)
    line = " ".join(step.arguments[1:])
    image = tmp_path / "firmware.bin"
    assert line == f"-m esptool --chip esp32 --port COM3 --baud 460800 write-flash 0x1000 {image}"


def test_plain_images_are_not_taken(tmp_path):
    plain = Job(board_with(TABLE), build_of(image_for("esp32", tmp_path)), port="COM3")
    with pytest.raises(FlashError, match="esptool does not write images of the format 'bin'"):
        flash_steps(plain, TABLE)
