"""``toolchain bench``: the table, its file, and exit codes."""

import json

import pytest

from tests.builds import need


def test_a_table_and_its_file(cli, tmp_path, corpus_dir):
    need("gcc")
    path = tmp_path / "bench.json"
    arguments = ("bench", "-t", "host", "--corpus", corpus_dir, "--clips", 2, "--json", path, "--out", tmp_path)
    called = cli(*arguments)
    assert called.code == 0, called.err
    assert called.out.count("2 of 2") == 2
    table = json.loads(path.read_text())
    assert [row["model"] for row in table["rows"]] == ["wav2small-17k", "wav2small-72k"]
    assert table["header"]["audio"]["clips"] == 2
    assert str(tmp_path) not in path.read_text()
    before = path.read_bytes()
    called = cli(*arguments, "--resume")
    assert called.err.count("(kept)") == 2
    assert path.read_bytes() == before


def test_which_boards_must_be_said(cli):
    for arguments in ((), ("--all", "-t", "host")):
        called = cli("bench", *arguments)
        assert called.code == 2
        assert "--all" in called.err


def test_going_on_needs_a_file_of_the_same_clips(cli, tmp_path, corpus_dir):
    called = cli("bench", "-t", "host", "--resume")
    assert called.code == 2
    assert "--json FILE" in called.err
    path = tmp_path / "bench.json"
    path.write_text("{}")
    called = cli("bench", "-t", "host", "--corpus", corpus_dir, "--json", path, "--resume")
    assert called.code == 2
    assert "is not a table of 'toolchain bench'" in called.err
    assert path.read_text() == "{}"


def test_a_missing_compiler_is_named_and_ends_with_3(cli, tmp_path, corpus_dir, monkeypatch):
    monkeypatch.setenv("PATH", "")
    called = cli("bench", "-t", "mps2-an386", "-m", "wav2small-17k", "--corpus", corpus_dir, "-n", 1, "-o", tmp_path)
    assert called.code == 3
    assert "mps2-an386 wav2small-17k: left out: the program 'arm-none-eabi-gcc' is not installed" in called.err
    assert "1 of 1 pairs could not be measured" in called.err
    assert "apt-get install" in called.err


def test_a_page_of_what_is_committed_needs_no_board(cli, tmp_path):
    page = tmp_path / "bench.html"
    called = cli("bench", "--html", page)
    assert called.code == 0, called.err
    assert "mps2-an386" in page.read_text()


@pytest.mark.board
def test_shares_are_shown_and_growth_ends_with_4(cli, tmp_path, corpus_dir, monkeypatch):
    need("arm-none-eabi-gcc")
    need("qemu-system-arm")
    arguments = ("bench", "-t", "mps2-an386", "-m", "wav2small-17k", "--corpus", corpus_dir, "-n", 1, "-o", tmp_path)
    called = cli(*arguments, "--json", tmp_path / "bench.json")
    assert called.code == 0, called.err
    assert "front end" in called.out
    written = json.loads((tmp_path / "bench.json").read_text())
    monkeypatch.setattr("toolchain.records.targets_dir", lambda: tmp_path)
    assert cli(*arguments, "--check").code == 0
    written["rows"][0]["flash_bytes"] //= 2
    (tmp_path / "bench.json").write_text(json.dumps(written))
    called = cli(*arguments, "--check")
    assert called.code == 4
    assert "mps2-an386 wav2small-17k flash bytes" in called.err
