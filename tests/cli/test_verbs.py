import json

import pytest

from toolchain import __version__

VERBS = (
    "run", "build", "flash", "verify", "monitor", "bench", "targets", "doctor", "label", "distill", "card", "export",
    "quantize", "sign",
)  # fmt: skip


def test_help_lists_every_verb(cli):
    called = cli("--help")
    assert called.code == 0
    assert all(verb in called.out for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_an_example(cli, verb):
    called = cli(verb, "--help")
    assert called.code == 0
    assert f"Example: toolchain {verb}" in called.out


def test_version(cli):
    assert cli("--version").out.strip() == __version__


def test_build_flash_and_verify_step_by_step(cli, tmp_path, corpus_dir):
    where = ("--target", "host", "--out", tmp_path)
    manifest = json.loads(cli("build", *where, "--json").out)
    assert manifest["target"] == "host"
    hello = json.loads(cli("flash", *where, "--json").out)
    assert hello["build_id"] == manifest["build_id"]
    report = json.loads(cli("verify", *where, "--corpus", corpus_dir, "--clips", 8, "--json").out)
    assert report["clips"] == report["equal_clips"] == 8
    folder = tmp_path / "host" / "wav2small-17k"
    assert json.loads((folder / "report.json").read_text()) == report
    assert (folder / "report.html").is_file()


@pytest.mark.parametrize("model", ["wav2small-17k", "wav2small-72k"])
def test_run_ends_with_a_table(cli, tmp_path, corpus_dir, model):
    called = cli("run", "--target", "host", "--model", model, "--out", tmp_path, "--corpus", corpus_dir, "--clips", 12)
    assert called.code == 0, called.err
    assert "12 of 12 equal to the integer reference" in called.out
    assert "passed" in called.out
    assert "CCC" in called.out


def test_whole_recordings_are_verified_with_window_0(cli, tmp_path, corpus_dir):
    called = cli(
        "run", "--target", "host", "--out", tmp_path, "--corpus", corpus_dir, "--clips", 3, "--window", 0, "--json"
    )
    report = json.loads(called.out)
    assert report["equal_clips"] == 3
    assert len({row["samples"] for row in report["rows"]}) == 3


def test_a_build_of_another_student_is_refused(cli, tmp_path, corpus_dir):
    cli("build", "--target", "host", "--out", tmp_path)
    (tmp_path / "host" / "wav2small-17k").rename(tmp_path / "host" / "wav2small-72k")
    called = cli(
        "verify", "--target", "host", "--model", "wav2small-72k", "--out", tmp_path, "--corpus", corpus_dir, "-n", 1
    )
    assert called.code == 2
    assert "another student" in called.err
