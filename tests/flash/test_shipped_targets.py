"""The flashers in the target files: each takes the target's image, and OpenOCD has the scripts that they name."""

from dataclasses import replace

import pytest

from tests.builds import build_once, need
from toolchain.errors import FlashError
from toolchain.flash import Job, flash_steps, uf2, write_board
from toolchain.target import load_target, target_names

FLASHERS = [(name, flasher) for name in target_names() for flasher in load_target(name).flashers]


@pytest.fixture
def drives(tmp_path, monkeypatch):
    """A mounted drive for every UF2 flasher there is."""
    for _, flasher in FLASHERS:
        if flasher.kind == "uf2":
            drive = tmp_path / flasher.board_id
            drive.mkdir(exist_ok=True)
            (drive / uf2.INFO_FILE).write_text(f"Board-ID: {flasher.board_id}")
    monkeypatch.setattr(uf2, "_LINUX_MOUNTS", (str(tmp_path),))


@pytest.mark.parametrize(("name", "flasher"), FLASHERS, ids=[f"{name}-{way.kind}" for name, way in FLASHERS])
def test_every_flasher_takes_the_image(name, flasher, drives):
    build = build_once(name, "wav2small-17k")
    for step in flash_steps(Job(load_target(name), build, port="/dev/ttyUSB0"), flasher):
        assert any(str(file) in " ".join(step.arguments) for file in (build.image, build.elf))


@pytest.mark.parametrize(("name", "flasher"), [pair for pair in FLASHERS if pair[1].kind == "openocd"])
def test_openocd_gets_as_far_as_looking_for_the_probe(name, flasher, tmp_path):
    need("openocd")
    build = replace(build_once(name, "wav2small-17k"), folder=tmp_path)
    with pytest.raises(FlashError, match=f"no debug probe was found for {name}"):
        write_board(Job(load_target(name), build), flasher)
