"""The page on adding a target keeps its word: its file alone is enough, and its lists are complete."""

import re
from pathlib import Path

import numpy as np
import pytest

from tests.builds import need, need_emulator, strict, student_of
from toolchain.build import build_firmware
from toolchain.flash import open_board
from toolchain.link import Board
from toolchain.reference.engine import run
from toolchain.resources import templates_dir
from toolchain.target import Target, load_target

MODEL = "wav2small-17k"
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "adding-a-target.md").read_text(encoding="utf-8")


@pytest.fixture
def target(tmp_path):
    """The page's target, read as ``--target`` does it, from a file outside the project."""
    (example,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    path = tmp_path / "my boards" / "acme-m4.toml"
    path.parent.mkdir()
    path.write_text(example, encoding="utf-8")
    return load_target(str(path))


def test_the_example_is_built_and_runs(target, tmp_path):
    need(target.compiler.command)
    need_emulator(target)
    build = build_firmware(student_of(MODEL), strict(target), tmp_path / target.name / MODEL)
    assert build.image.name == "firmware.hex"
    pcm = (np.random.default_rng(0).normal(size=3200) * 4000).astype(np.int16)
    with open_board(target, build.elf) as url, Board(url) as board:
        assert board.require(build_id=build.build_id, model_hash=build.model_hash).target == "acme-m4"
        assert np.array_equal(board.infer(pcm).values, run(student_of(MODEL), pcm).output)


@pytest.mark.parametrize("kind", ["uart", "ticks", "microphone", "machine"])
def test_every_driver_is_listed(kind):
    (row,) = re.findall(rf"^\| `board\.{kind}(?:\.driver)?` \| (.*) \|$", PAGE, re.MULTILINE)
    drivers = {path.name.partition(".")[0] for path in (templates_dir() / "boards" / kind).glob("*.c*")}
    assert drivers == set(re.findall(r"`(\w+)`", row))


def test_every_field_is_explained():
    table = PAGE.partition("## What the fields say")[2].partition("##")[0]
    rows = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    explained = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert explained == set(Target.model_fields)
