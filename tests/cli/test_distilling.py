"""From a corpus to a card, through the verbs, with labels and with a teacher."""

import json
import subprocess
import sys
import time

import pytest

RECIPE = """
epochs = 2
fake_quant_epochs = 1
batch = 4
crop_seconds = [0.2, 0.3]
"""


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE)
    return path


def test_label_then_distil_from_the_labels(cli, tiny_corpus, recipe, tmp_path):
    labels, student = tmp_path / "labels.parquet", tmp_path / "student"
    labelled = cli("label", tiny_corpus, "--out", labels, "--window", 0.3, "--hop", 0.1)
    assert labelled.code == 0 and labels.is_file()
    called = cli("distill", tiny_corpus, "--labels", labels, "--recipe", recipe, "--out", student)
    assert called.code == 0 and "toolchain quantize" in called.out
    card = (student / "card.md").read_text()
    assert "`labels.parquet`" in card and "| test, ravdess | float student | teacher |" in card
    assert "| words |" not in card


def test_distil_from_the_bundled_teacher_and_resume(cli, tiny_corpus, recipe, tmp_path):
    command = ("distill", tiny_corpus, "--recipe", recipe, "--seed", 3, "--out", tmp_path / "student")
    assert cli(*command).code == 0
    record = json.loads((tmp_path / "student/history.json").read_text())
    assert record["config"]["seed"] == 3 and record["epoch"] == 2
    weights = (tmp_path / "student/model.safetensors").read_bytes()
    assert cli(*command).code == 0
    assert (tmp_path / "student/model.safetensors").read_bytes() == weights
    assert cli("card", tmp_path / "student", tiny_corpus).code == 0
    assert "| words |" in (tmp_path / "student/card.md").read_text()


def test_a_killed_run_goes_on_to_the_same_weights(tiny_corpus, recipe, tmp_path):
    """Killed as the system kills: three times, at whatever the process was doing after a new epoch was written."""
    recipe.write_text(RECIPE.replace("epochs = 2", "epochs = 8", 1))

    def start(out):
        command = [sys.executable, "-m", "toolchain", "distill", tiny_corpus, "--recipe", recipe, "--out", out]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    assert start(tmp_path / "whole").wait(300) == 0
    state, killed = tmp_path / "parts" / "training.safetensors", 0
    for delay in (0.0, 0.02, 0.1):
        before = state.stat().st_mtime_ns if state.exists() else 0
        run = start(tmp_path / "parts")
        while run.poll() is None and (not state.exists() or state.stat().st_mtime_ns == before):
            time.sleep(0.005)
        time.sleep(delay)
        killed += run.poll() is None
        run.kill()
        run.wait()
    assert killed
    assert start(tmp_path / "parts").wait(300) == 0
    whole, parts = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "parts"))
    assert whole == parts


def test_a_teacher_of_our_own_from_the_command_line(cli, tiny_corpus, recipe, tmp_path):
    recipe.write_text(RECIPE.replace("fake_quant_epochs = 1", ""))
    called = cli("teacher", "train", tiny_corpus, "--members", 1, "--recipe", recipe, "--out", tmp_path / "t")
    assert called.code == 0
    assert (tmp_path / "t/card.md").read_text().startswith("# acted: ")
    assert cli("teacher", "check", f"acted:{tmp_path / 't'}").code == 0


def test_a_corpus_without_emotions_cannot_make_a_teacher(cli, tiny_corpus, tmp_path):
    called = cli("teacher", "train", tiny_corpus / "ravdess", "--out", tmp_path / "t", "--recipe", tmp_path / "none")
    assert called.code == 2 and "cannot be read" in called.err
    (tmp_path / "list.csv").write_text("file\n")
    called = cli("teacher", "train", tmp_path / "list.csv", "--out", tmp_path / "t")
    assert called.code == 2 and "lists no recording" in called.err


def test_whom_to_follow_is_one(cli, tiny_corpus, tmp_path):
    called = cli("distill", tiny_corpus, "--teacher", "acted", "--labels", tmp_path / "l", "--out", tmp_path / "s")
    assert called.code == 2 and "not both" in called.err
