"""GDB writes into the flash of an emulated STM32F405 that waits for it, and the image then runs."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.builds import build_once, need
from tests.flash.halted_board import free_ports, halted_board, table_for
from tests.flash.images import board_with
from toolchain.build import BuildResult
from toolchain.errors import FlashError, LinkError, MissingToolError
from toolchain.flash import Job, flash_steps, write_board
from toolchain.link import read_back
from toolchain.target import load_target
from toolchain.target.schema import Gdb

BASE = "stm32f405"


@pytest.fixture
def build(tmp_path) -> BuildResult:
    """The image, with a folder of its own for what GDB prints."""
    return replace(build_once(BASE, "wav2small-17k"), folder=tmp_path)


@pytest.mark.board
@pytest.mark.parametrize("old", [None, "wav2small-72k"], ids=["empty", "old image"])
def test_the_new_image_is_written_compared_and_runs(old, build):
    with halted_board(build_once(BASE, old).elf if old else None) as board:
        table = table_for(board)
        write_board(Job(board_with(table), build), table)
        read_back(board.uart, 115_200, build_id=build.build_id, model_hash=build.model_hash)
        with pytest.raises(LinkError, match="runs build"):
            read_back(board.uart, 115_200, build_id=bytes(8), model_hash=build.model_hash)
    log = (build.folder / "flash.log").read_text()
    assert log.count(": matched.") == 2
    assert "MIS-MATCHED" not in log


@pytest.mark.board
def test_flash_that_differs_from_the_image_is_refused(tmp_path, build):
    with halted_board() as board:
        table = table_for(board).model_copy(update={"command": str(damaging_gdb(tmp_path))})
        with pytest.raises(FlashError, match="verification failed: the flash of stm32f405 does not hold"):
            write_board(Job(board_with(table), build), table)


def damaging_gdb(folder: Path) -> Path:
    """A GDB that overwrites a word of the flash before it compares."""
    address = load_target(BASE).memory.flash.origin + 256
    script = folder / "damage.gdb"
    script.write_text(f"define hook-compare-sections\nset {{int}}{address:#x} = 0x12345678\nend\n")
    program = folder / "gdb"
    program.write_text(f'#!/bin/sh\nexec gdb-multiarch -ix "{script}" "$@"\n')
    program.chmod(0o755)
    return program


@pytest.mark.board
def test_another_chip_is_named(build):
    with halted_board(base="riscv-virt") as board:
        table = table_for(board)
        with pytest.raises(FlashError, match="the chip behind the GDB server is not the STM32F405RG of stm32f405"):
            write_board(Job(board_with(table), build), table)


def test_no_server_is_named(build):
    need("gdb-multiarch")
    (port,) = free_ports(1)
    table = Gdb(kind="gdb", server=f"127.0.0.1:{port}")
    with pytest.raises(FlashError, match=f"there is no GDB server on 127.0.0.1:{port}") as caught:
        write_board(Job(board_with(table), build), table)
    assert "openocd" in caught.value.hint


def test_no_gdb_is_named(build):
    table = Gdb(kind="gdb", command="gdb-nothing")
    with pytest.raises(MissingToolError, match="'gdb-nothing' is not installed"):
        write_board(Job(board_with(table), build), table)


def test_the_command(build):
    table = Gdb(kind="gdb")
    (step,) = flash_steps(Job(board_with(table), build), table)
    program, *options, elf = step.arguments
    assert (program, elf) == ("gdb-multiarch", str(build.elf))
    orders = ["target extended-remote localhost:3333", "load", "compare-sections", "monitor reset", "detach"]
    assert [word for word in options if word in orders] == orders
