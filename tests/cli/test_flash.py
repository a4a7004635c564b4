"""``flash`` and ``run`` with boards: which way the image goes, which port is used, and what is said."""

import json
import os
import shlex
import subprocess
import sys

import pytest
from esp32_mock_bootloader.server import FlashImage
from serial.tools.list_ports_common import ListPortInfo

from tests.builds import need
from tests.flash.esp_chip import on_socket
from tests.flash.halted_board import halted_board, table_for
from tests.flash.images import board_with
from toolchain.target import EspImage, load_target
from toolchain.target.schema import Esptool, OpenOcd, PyOcd, StFlash

ST_LINK = "0483:374b"


@pytest.fixture
def target(monkeypatch):
    """Lets every verb load a target that is made here."""

    def use(board):
        monkeypatch.setattr("toolchain.target.load_target", lambda name: board)

    return use


@pytest.fixture
def attach(monkeypatch):
    """Makes serial ports with these USB ids appear."""

    def ports(**usb_ids: str) -> None:
        present = []
        for name, usb_id in usb_ids.items():
            info = ListPortInfo(f"/dev/{name}")
            info.vid, info.pid = (int(half, 16) for half in usb_id.split(":"))
            present.append(info)
        monkeypatch.setattr("serial.tools.list_ports.comports", lambda: present)

    return ports


@pytest.fixture
def unwritable():
    """Makes folders into which nothing can be written, by root neither, until the test ends."""
    undo = []

    def refuse(folder):
        if os.geteuid():
            folder.chmod(0o555)
            undo.append(lambda: folder.chmod(0o755))
            return
        bind = ["mount", "--bind", str(folder), str(folder)]
        if subprocess.run(bind, capture_output=True).returncode:
            pytest.skip("root can write anywhere here: nothing can be mounted")
        undo.append(lambda: subprocess.run(["umount", str(folder)], check=True))
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)

    yield refuse
    for step in undo:
        step()


@pytest.fixture
def built(cli, target, tmp_path):
    """The stm32f405 with three flashers and its image; the arguments that name both."""
    flashers = (
        OpenOcd(kind="openocd", interface="stlink", target="stm32f4x"),
        PyOcd(kind="pyocd", target="stm32f405rg"),
        StFlash(kind="st-flash"),
    )
    board = board_with(*flashers, usb=[ST_LINK])
    need(board.compiler.command)
    target(board)
    where = ("--target", board.name, "--out", tmp_path)
    assert cli("build", *where).code == 0
    return where


def test_dry_run_prints_the_command_of_the_first_flasher(cli, built, tmp_path):
    called = cli("flash", *built, "--dry-run")
    image = tmp_path / "stm32f405" / "wav2small-17k" / "firmware.bin"
    assert called.code == 0
    program = f"program {{{image}}} verify reset exit 0x08000000"
    command = ["openocd", "-f", "interface/stlink.cfg", "-f", "target/stm32f4x.cfg", "-c", program]
    assert shlex.split(called.out) == command
    assert len(called.out.splitlines()) == 1
    assert json.loads(cli("flash", *built, "--dry-run", "--json").out) == [command]


def test_dry_run_of_every_way(cli, built):
    for name, start in (("openocd", "openocd -f"), ("pyocd", f"{sys.executable} -m pyocd"), ("st-flash", "st-flash ")):
        assert cli("flash", *built, "--dry-run", "--flasher", name).out.startswith(start)
    command = cli("flash", *built, "--dry-run", "--flasher", "qemu").out
    assert command.startswith("qemu-system-arm -M netduinoplus2 -kernel ")


def test_the_printed_command_of_an_emulator_works_as_it_is(cli, tmp_path):
    where = ("--target", "host", "--out", tmp_path)
    assert cli("build", *where).code == 0
    line = cli("flash", *where, "--dry-run").out
    assert cli("flash", *where, "--flasher", "host", "--dry-run").out == line
    process = subprocess.Popen(line, shell=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        port = process.stdout.readline().strip()
        assert cli("flash", *where, "--port", port).code == 0
        process.stdin.close()


def test_a_build_is_flashed_from_where_nothing_can_be_written(cli, tmp_path, unwritable, corpus_dir):
    out = tmp_path / "out"
    where = ("--target", "host", "--out", out)
    assert cli("build", *where).code == 0
    folder = out / "host"
    unwritable(folder)
    called = cli("flash", *where)
    assert called.code == 0, called.err
    assert "host runs wav2small-17k" in called.err
    # A report would be written beside the image.
    called = cli("verify", *where, "--corpus", corpus_dir, "--clips", 1)
    assert called.code == 1
    assert f"{folder / 'wav2small-17k'}: " in called.err


def test_a_flasher_that_the_target_does_not_have(cli, built):
    called = cli("flash", *built, "--flasher", "uf2")
    assert called.code == 2
    assert "stm32f405 has no flasher 'uf2'" in called.err
    assert "it has: openocd, pyocd, st-flash, qemu" in called.err


@pytest.mark.parametrize("verb", ["flash", "run"])
def test_two_boards_are_listed_before_anything_is_written(cli, built, attach, corpus_dir, verb):
    attach(ttyACM0=ST_LINK, ttyACM1=ST_LINK)
    more = ("--corpus", corpus_dir) if verb == "run" else ()
    called = cli(verb, *built, "--flasher", "openocd", *more)
    assert called.code == 6
    assert "2 ports may be that of stm32f405: /dev/ttyACM0 (0483:374b), /dev/ttyACM1 (0483:374b)" in called.err
    assert "flashing" not in called.err


@pytest.mark.parametrize("flasher", ["openocd", "st-flash"])
def test_the_first_of_two_probes_is_not_taken(cli, built, attach, flasher):
    """Though the port is named: the probe might be the other board's."""
    attach(ttyACM0=ST_LINK, ttyACM1=ST_LINK)
    called = cli("flash", *built, "--flasher", flasher, "--port", "/dev/ttyACM0")
    assert called.code == 6
    assert "2 boards may be stm32f405" in called.err
    assert "--probe" in called.err


@pytest.mark.parametrize("flasher", ["openocd", "pyocd", "st-flash"])
def test_no_probe_is_a_sentence_and_exit_code_5(cli, built, attach, flasher):
    if flasher == "pyocd":
        pytest.importorskip("pyocd")
    else:
        need(flasher)
    attach(ttyACM0=ST_LINK)
    called = cli("flash", *built, "--flasher", flasher)
    assert called.code == 5
    assert "error: no debug probe was found for stm32f405" in called.err
    assert "hint: " in called.err
    assert "Traceback" not in called.err


def test_a_missing_tool_is_exit_code_3(cli, built, monkeypatch):
    monkeypatch.setenv("PATH", "")
    called = cli("flash", *built, "--port", "/dev/ttyACM0")
    assert called.code == 3
    assert "the program 'openocd' is not installed" in called.err


def test_verify_finds_the_port_of_a_board_that_cannot_be_emulated(cli, target, built, attach, corpus_dir):
    target(board_with(emulator=None, usb=[ST_LINK]))
    attach(ttyUSB0="10c4:ea60")
    for verb in (("verify", "--clips", 1), ("monitor",)):
        called = cli(*verb, *built, "--corpus", corpus_dir)
        assert called.code == 6
        assert "no port has a USB id of stm32f405 (0483:374b)" in called.err
        assert "/dev/ttyUSB0 (10c4:ea60)" in called.err


def test_a_target_with_no_way_at_all(cli, target, built):
    target(board_with(emulator=None))
    called = cli("flash", *built, "--dry-run")
    assert called.code == 5
    assert "has neither a flasher nor an emulator" in called.err


@pytest.mark.board
def test_flash_and_run_write_the_image_and_go_on_with_the_board(cli, target, tmp_path, corpus_dir):
    """GDB and an emulator that waits for it stand for a probe and a board."""
    where = ("--target", "stm32f405", "--out", tmp_path)
    with halted_board() as board:
        target(board_with(table_for(board)))
        build_id = json.loads(cli("build", *where, "--json").out)["build_id"]
        hello = json.loads(cli("flash", *where, "--port", board.uart, "--json").out)
        assert (hello["build_id"], hello["port"]) == (build_id, board.uart)
        arguments = ("--port", board.uart, "--corpus", corpus_dir, "--clips", 1, "--window", 0.1, "--json")
        called = cli("run", *where, *arguments)
    assert "flashing stm32f405 with gdb" in called.err
    report = json.loads(called.out)
    assert (report["equal_clips"], report["clips"]) == (1, 1)


@pytest.mark.board
def test_run_without_a_port_takes_the_emulator(cli, built, corpus_dir):
    called = cli("run", *built, "--corpus", corpus_dir, "--clips", 1, "--window", 0.1, "--json")
    assert "flashing" not in called.err
    assert json.loads(called.out)["equal_clips"] == 1


def test_a_board_that_does_not_answer_after_flashing_is_an_error(cli, target, tmp_path):
    """The chip takes the image and does not run it: nobody says hello."""
    table = Esptool(kind="esptool", offset=0x1000)
    host = load_target("host")
    target(host.model_copy(update={"flashers": [table]}))
    where = ("--target", "host", "--out", tmp_path)
    assert cli("build", *where).code == 0
    target(host.model_copy(update={"flashers": [table], "image": EspImage(format="esp", chip="esp32")}))
    flash = FlashImage()
    with on_socket("esp32", flash) as port:
        called = cli("flash", *where, "--port", port)
    assert called.code == 6
    assert "no board answered on" in called.err
    image = (tmp_path / "host" / "wav2small-17k" / "firmware.elf").read_bytes()
    assert flash.read(0x1000, len(image)) == image
