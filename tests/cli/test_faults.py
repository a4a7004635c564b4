"""``toolchain faults``: the table, its file, one case alone, and exit codes."""

import json

import pytest

from tests.builds import need

ARGUMENTS = ("faults", "-t", "host", "--share", 0.001, "--random", 5, "--recovery", 1, "--jobs", 2)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    need("gcc")
    return tmp_path_factory.mktemp("faults")


def test_a_table_and_its_file_which_a_second_run_leaves_as_it_is(cli, out, tmp_path):
    path = tmp_path / "faults.json"
    called = cli(*ARGUMENTS, "--json", path, "-o", out)
    assert called.code == 0, called.err
    assert "bit flipped" in called.out
    assert "random" in called.out
    assert "extra time for a lost or damaged frame" in called.err
    (result,) = json.loads(path.read_text())["targets"]
    assert result["unfinished"] is None
    assert sum(item["wrong"] + item["hang"] for item in result["classes"]) == 0
    assert {part["frames"] for part in result["recovery"]} == {"AUDIO and its answers", "other"}
    assert str(out) not in path.read_text()
    before = path.read_bytes()
    called = cli(*ARGUMENTS, "--json", path, "-o", out, "--resume")
    assert called.code == 0, called.err
    assert path.read_bytes() == before


def test_one_case_alone(cli, out):
    called = cli("faults", "-t", "host", "-o", out, "--case", "bit flipped:17")
    assert called.code == 0, called.err
    assert "flip (1) at byte 2 to-board" in called.err
    assert "bit flipped:17 on host: right after" in called.err


@pytest.mark.parametrize("name", ["bit flipped", "bit flipped:10000000", "nonsense:1"])
def test_a_case_that_there_is_not_ends_with_2(cli, out, name):
    called = cli("faults", "-t", "host", "-o", out, "--case", name)
    assert called.code == 2
    assert f"there is no case '{name}'" in called.err
    assert "board reset" in called.err


def test_going_on_needs_a_file_that_is_one(cli, out, tmp_path):
    assert "--json FILE" in cli("faults", "-t", "host", "--resume").err
    path = tmp_path / "faults.json"
    path.write_text("{}x")
    called = cli(*ARGUMENTS, "--json", path, "-o", out, "--resume")
    assert called.code == 2
    assert "is not a table of 'toolchain faults'" in called.err
    assert path.read_text() == "{}x"


def test_a_board_that_cannot_be_reset_is_refused_before_it_is_built(cli, out):
    called = cli("faults", "-t", "nrf52840", "-o", out)
    assert called.code == 2
    assert "nrf52840 cannot be reset at will" in called.err
    assert not (out / "faults" / "nrf52840").exists()
