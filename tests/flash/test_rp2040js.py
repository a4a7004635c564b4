"""The simulated RP2040 starts, says why it cannot, and never outlives its starter."""

import os
import re
import sys

import pytest

from tests.builds import build_once, need_emulator, student_of
from tests.processes import descendants, require_gone_with_starter
from toolchain.build import build_firmware
from toolchain.errors import FlashError, LinkError, MissingToolError
from toolchain.flash import open_board
from toolchain.link import Board
from toolchain.target import load_target

MODEL = "wav2small-17k"
TARGET = load_target("rp2040")


@pytest.fixture
def elf():
    need_emulator(TARGET)
    return build_once(TARGET.name, MODEL).elf


def test_it_runs_inside_the_block_and_is_gone_after_it(elf):
    before = descendants()
    with open_board(TARGET, elf) as url:
        for _ in range(2):  # a second host finds it as the first one did
            with Board(url) as board:
                assert board.hello().target == TARGET.name
        assert descendants() - before
    assert not descendants() - before


def test_it_is_gone_when_its_starter_is_killed(elf):
    require_gone_with_starter(TARGET.name, elf)


def damaged(elf, folder, offset, change):
    """A copy of the image of which one byte is another."""
    image = bytearray(elf.with_suffix(".uf2").read_bytes())
    image[offset] ^= change
    (folder / "firmware.uf2").write_bytes(image)
    return folder / "firmware.elf"


@pytest.mark.parametrize(
    ("offset", "complaint"),
    [(0, "is not a UF2 file"), (28, "is not for the RP2040"), (32 + 10, "boot loader's checksum is wrong")],
)
def test_an_image_that_a_boot_rom_would_not_run_is_refused(elf, tmp_path, offset, complaint):
    with pytest.raises(FlashError, match=f"the emulator did not start: rp2040js: .*{complaint}"), open_board(
        TARGET, damaged(elf, tmp_path, offset, 1)
    ):
        pass


def test_a_uart_at_another_rate_is_noticed(tmp_path):
    """The clocks and the divisor are simulated, so a wrong one shows."""
    need_emulator(TARGET)
    uart = TARGET.board.uart.model_copy(update={"baud": 57_600})
    slow = TARGET.model_copy(update={"board": TARGET.board.model_copy(update={"uart": uart})})
    build = build_firmware(student_of(MODEL), slow, tmp_path / "out")
    with pytest.raises(LinkError) as caught, open_board(slow, build.elf) as url, Board(url, timeout=60) as board:
        board.hello()
    complaint = r"rp2040js has ended: rp2040js: the UART runs at (\d+) baud instead of 115200"
    rate = re.fullmatch(complaint, caught.value.hint)
    assert rate
    assert abs(int(rate.group(1)) / 57_600 - 1) < 0.001


def test_a_missing_package_is_named_with_the_line_that_installs_it(elf, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.delenv("NODE_PATH", raising=False)
    with pytest.raises(MissingToolError, match=r"Node\.js package 'rp2040js' is not installed") as caught, open_board(
        TARGET, elf
    ):
        pass
    assert re.fullmatch(r'run: npm install --prefix ".+" rp2040js@1\.4\.1', caught.value.hint)


def test_the_package_is_found_where_node_path_says(elf, tmp_path, monkeypatch):
    modules = tmp_path / "node_modules"
    (modules / "rp2040js").mkdir(parents=True)
    (modules / "rp2040js" / "package.json").write_text('{"main": "index.js"}')
    (modules / "rp2040js" / "index.js").write_text('console.log("rp2040js: found"); process.exit(1);')
    monkeypatch.setenv("NODE_PATH", os.pathsep.join(["", str(tmp_path / "absent"), str(modules)]))
    with pytest.raises(FlashError, match="rp2040js: found"), open_board(TARGET, elf):
        pass


def test_an_image_that_is_not_there(elf, tmp_path):
    with pytest.raises(FlashError, match="there is no image"), open_board(TARGET, tmp_path / "firmware.elf"):
        pass


def test_missing_node_is_named(elf, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingToolError, match="the program 'node' is not installed"), open_board(TARGET, elf):
        pass
