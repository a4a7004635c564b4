"""OpenOCD, pyOCD and st-flash: their exact commands, and what their complaints mean. There is no probe here."""

from pathlib import Path

import pytest

from tests.builds import need
from tests.flash.images import board_with, build_of
from toolchain.errors import FlashError, MissingToolError
from toolchain.flash import Job, flash_steps, openocd, pyocd, shell_line, st_flash, write_board
from toolchain.target import PlainImage, Uf2Image
from toolchain.target.schema import OpenOcd, PyOcd, StFlash

OPENOCD = OpenOcd(kind="openocd", interface="stlink", target="stm32f4x")
PYOCD = PyOcd(kind="pyocd", target="stm32f405rg")
ST_FLASH = StFlash(kind="st-flash")


@pytest.fixture
def folder(tmp_path) -> Path:
    """A build folder whose name needs quotes."""
    path = tmp_path / "my build"
    path.mkdir()
    for name in ("firmware.bin", "firmware.hex", "firmware.elf", "firmware.uf2"):
        (path / name).write_bytes(bytes(1000))
    return path


def job(folder: Path, image=None, probe=None) -> Job:
    image = image or PlainImage()
    file = folder / f"firmware.{image.format}"
    return Job(board_with(image=image), build_of(file, elf=folder / "firmware.elf"), probe=probe)


def line(job: Job, table) -> str:
    (step,) = flash_steps(job, table)
    return shell_line(step.arguments)


HEX, ELF, UF2 = PlainImage(format="hex"), PlainImage(format="elf"), Uf2Image(format="uf2", family_id=1)


@pytest.mark.parametrize(
    ("image", "what"),
    [
        (None, "{{{}/firmware.bin}} verify reset exit 0x08000000"),
        (HEX, "{{{}/firmware.hex}} verify reset exit"),
        (ELF, "{{{}/firmware.elf}} verify reset exit"),
        (UF2, "{{{}/firmware.elf}} verify reset exit"),
    ],
)
def test_openocd_command(folder, image, what):
    command = f"openocd -f interface/stlink.cfg -f target/stm32f4x.cfg -c 'program {what.format(folder)}'"
    assert line(job(folder, image), OPENOCD) == command


def test_openocd_command_with_options(folder):
    table = OpenOcd(kind="openocd", interface="interface/jlink.cfg", target="my chip.cfg", transport="swd")
    (step,) = flash_steps(job(folder, probe="0001"), table)
    scripts = ("-f", "interface/jlink.cfg", "-c", "adapter serial 0001", "-c", "transport select swd")
    assert step.arguments[:9] == ("openocd", *scripts, "-f", "my chip.cfg")


@pytest.mark.parametrize(
    ("image", "what"),
    [
        (None, "bin --base-address 0x8000000 '{}/firmware.bin'"),
        (HEX, "hex '{}/firmware.hex'"),
        (UF2, "elf '{}/firmware.elf'"),
    ],
)
def test_pyocd_command(folder, image, what):
    options = "-m pyocd load --no-wait --no-config --color never --target stm32f405rg --uid 0001 --format "
    assert line(job(folder, image, probe="0001"), PYOCD).partition(" ")[2] == options + what.format(folder)


def test_st_flash_command(folder):
    assert line(job(folder), ST_FLASH) == f"st-flash --reset write '{folder}/firmware.bin' 0x08000000"
    command = f"st-flash --serial 0001 --format ihex --reset write '{folder}/firmware.hex'"
    assert line(job(folder, HEX, probe="0001"), ST_FLASH) == command
    with pytest.raises(FlashError, match="st-flash does not write images of the format 'uf2'"):
        line(job(folder, UF2), ST_FLASH)


@pytest.mark.parametrize("table", [OPENOCD, PYOCD, ST_FLASH], ids=lambda table: table.kind)
def test_an_image_larger_than_the_flash_is_refused(folder, table):
    (folder / "firmware.bin").write_bytes(bytes((1 << 20) + 1))
    with pytest.raises(FlashError, match=r"the image is too large: 1,048,577 bytes, .* stm32f405 holds 1,048,576"):
        line(job(folder), table)


@pytest.mark.parametrize(
    "table",
    [
        OPENOCD,
        OpenOcd(kind="openocd", interface="cmsis-dap", target="nrf52"),
        OpenOcd(kind="openocd", interface="jlink", target="nrf52", transport="swd"),
        OpenOcd(kind="openocd", interface="ftdi/ft232h-module-swd", target="nrf52"),
        OpenOcd(kind="openocd", interface="kitprog", target="psoc4"),
    ],
    ids=lambda table: table.interface,
)
def test_openocd_without_a_probe(folder, table):
    need("openocd")
    with pytest.raises(FlashError, match="no debug probe was found for stm32f405"):
        write_board(job(folder), table)
    assert "OpenOCD init failed" in (folder / "flash.log").read_text()


def test_openocd_without_a_configuration_file(folder):
    need("openocd")
    table = OpenOcd(kind="openocd", interface="stlink", target="stm32f9x")
    with pytest.raises(FlashError, match=r"this OpenOCD has no configuration file target/stm32f9x\.cfg"):
        write_board(job(folder), table)


def test_openocd_without_a_chip(folder):
    """OpenOCD's own dummy adapter has nothing behind it."""
    need("openocd")
    table = OpenOcd(kind="openocd", interface="dummy", target="stm32f4x")
    with pytest.raises(FlashError, match="the debug probe finds no chip"):
        write_board(job(folder), table)


def test_st_flash_without_a_probe(folder):
    need("st-flash")
    with pytest.raises(FlashError, match="no debug probe was found for stm32f405"):
        write_board(job(folder), ST_FLASH)


def test_pyocd_without_a_probe(folder):
    pytest.importorskip("pyocd")
    with pytest.raises(FlashError, match="no debug probe was found for stm32f405"):
        write_board(job(folder), PYOCD)
    with pytest.raises(FlashError, match="no debug probe with the serial number 0001 is attached"):
        write_board(job(folder, probe="0001"), PYOCD)


@pytest.mark.parametrize(("table", "package"), [(OPENOCD, "openocd"), (ST_FLASH, "stlink-tools")])
def test_a_tool_that_is_not_installed(folder, table, package, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingToolError, match=f"the program '{table.kind}' is not installed") as caught:
        write_board(job(folder), table)
    assert package in caught.value.hint


def test_pyocd_that_is_not_installed(folder, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingToolError, match="the program 'pyocd' is not installed") as caught:
        write_board(job(folder), PYOCD)
    assert "[probe]" in caught.value.hint


#: Lines from the sources of OpenOCD 0.12, pyOCD 0.46 and stlink 1.7, for what takes a probe to provoke.
PRINTED = [
    (openocd, "Error: libusb_open() failed with LIBUSB_ERROR_ACCESS\nError: open failed", "no permission to use"),
    (openocd, "Warn : UNEXPECTED idcode: 0x4ba00477\nError: expected 1 of 1: 0x2ba01477", "is not the STM32F405RG of"),
    (openocd, "Error: init mode failed (unable to connect to the target)", "the debug probe finds no chip"),
    (openocd, "Error: checksum mismatch\n** Verify Failed **", "verification failed"),
    (openocd, "Warn : no flash bank found for address 0x08200000\n** Programming Failed **", "is too large"),
    (openocd, "Error: failed erasing sectors 0 to 1\n** Programming Failed **", "OpenOCD could not write the flash"),
    (openocd, "Error: Multiple devices found, specify the desired device", "several debug probes are attached"),
    (
        pyocd,
        "W [Errno 13] Access denied while trying to interrogate a USB device. This can probably be remedied with a "
        "udev rule.\nNo connected debug probes",
        "no permission to use",
    ),
    (pyocd, "Enter the number of the debug probe or 'q' to quit> C Error: EOF", "several debug probes are attached"),
    (pyocd, "C Target type nrf99 not recognized. Use 'pyocd list --targets'", "does not know the chip 'nrf99'"),
    (pyocd, "C SWD/JTAG communication failure (No ACK)", "the debug probe finds no chip"),
    (pyocd, "C no memory region defined for address 0x08200000", "is too large"),
    (pyocd, "C flash program page failure (address 0x08000000; result code 0x1)", "pyOCD could not write the flash"),
    (st_flash, "ERROR usb.c: Could not open USB device 0x0483:0x374b, access error.", "no permission to use"),
    (st_flash, "ERROR common.c: Failed to connect to target", "the debug probe finds no chip"),
    (st_flash, "ERROR common.c: Verification of flash failed at offset: 1024", "verification failed"),
    (st_flash, "ERROR common.c: addr too high", "is too large"),
    (st_flash, "ERROR common.c: Flash programming error: 0x00000010", "st-flash could not write the flash"),
]


@pytest.mark.parametrize(("tool", "output", "meaning"), PRINTED)
def test_what_takes_a_probe_is_told_from_what_the_tool_prints(folder, tool, output, meaning):
    error = tool.TOOL.explain(output, job(folder))
    assert meaning in error.message
    assert error.hint
