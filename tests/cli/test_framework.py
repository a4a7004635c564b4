"""``--framework esp-idf``: from the command line to a board that is verified."""

import json

import pytest

from tests.idf_projects import compile_project, configure, running
from toolchain.audio import find_clips
from toolchain.resources import targets_dir

ESP_IDF = ("--framework", "esp-idf")


@pytest.fixture
def esp32(tmp_path):
    """Options for a target with an ESP32 that is found by no USB id."""
    path = tmp_path / "esp32.toml"
    lines = (targets_dir() / "esp32.toml").read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("usb")))
    return ("--target", path, "--out", tmp_path / "out")


def test_build_then_idf_py_then_verify(cli, esp32, tmp_path, corpus_dir):
    called = cli("build", *esp32, *ESP_IDF, "--json")
    assert called.code == 0, called.err
    manifest = json.loads(called.out)
    assert manifest["framework"] == "esp-idf"
    folder = tmp_path / "out" / "esp32" / "wav2small-17k" / "esp-idf"
    assert "idf.py set-target esp32 && idf.py build && idf.py -p PORT flash" in called.err
    given = f"--target {tmp_path / 'esp32.toml'} --out {tmp_path / 'out'}"
    assert f"toolchain verify {given} --framework esp-idf --port PORT" in called.err

    for done in (configure(folder), compile_project(folder)):
        assert done.returncode == 0, done.stderr
    clips = ("--corpus", corpus_dir, "--clips", 12)
    with running(folder / "build" / "wav2small.elf") as (url, _):
        called = cli("verify", *esp32, *ESP_IDF, *clips, "--port", url)
        assert called.code == 0, called.err
        assert "12 of 12 equal to the integer reference" in called.out
        assert "run 'idf.py size' in the project" in called.out
        report = json.loads((folder / "report.json").read_text())
        assert report["identity"]["build id"] == manifest["build_id"]
        assert report["flash_bytes"] is None
        assert report["ram_static_bytes"] > 10_000
        assert report["timed_by"] == "the board"
        assert "idf.py size" in (folder / "report.html").read_text()

        feed = next(iter(find_clips(corpus_dir)))
        live = ("--feed", feed, "--every", 200, "--seconds", 0.6, "--lossless", "--json")
        called = cli("monitor", *esp32, *ESP_IDF, *live, "--port", url)
        assert called.code == 0, called.err
        assert len(called.out.splitlines()) == 3

        cli("build", *esp32, *ESP_IDF, "--model", "wav2small-72k")
        called = cli("verify", *esp32, *ESP_IDF, *clips, "--model", "wav2small-72k", "--port", url)
        assert called.code == 6
        assert "runs" in called.err


def test_verify_needs_a_project_and_a_port(cli, esp32, corpus_dir):
    clips = ("--corpus", corpus_dir, "--clips", 1)
    called = cli("verify", *esp32, *ESP_IDF, *clips, "--port", "/dev/ttyNONE")
    assert called.code == 2
    assert "there is no finished build in" in called.err
    assert "toolchain build --framework esp-idf" in called.err
    cli("build", *esp32, *ESP_IDF)
    called = cli("verify", *esp32, *ESP_IDF, *clips)
    assert called.code == 6
    assert "no USB id to find its port by" in called.err
    assert "--port" in called.err


def test_a_chip_that_esp_idf_does_not_know(cli, tmp_path):
    called = cli("build", "--target", "mps2-an386", *ESP_IDF, "--out", tmp_path / "build")
    assert called.code == 2
    assert "ESP-IDF does not know mps2-an386" in called.err
    assert not (tmp_path / "build").exists()
    assert cli("build", "--target", "host", "--framework", "arduino").code == 2


def test_the_next_commands_name_the_students_folder(cli, esp32, tmp_path):
    called = cli("build", *esp32, *ESP_IDF, "--model", "wav2small-72k")
    assert f"--target {tmp_path / 'esp32.toml'} --model wav2small-72k --out" in called.err
