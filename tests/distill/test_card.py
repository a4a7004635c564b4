"""The bundled model cards speak of the bundled weights."""

import json
from dataclasses import asdict

import pytest

from toolchain.distill.config import Config
from toolchain.distill.state import HISTORY_FILE, read_record
from toolchain.errors import UsageError
from toolchain.files import sha256_file
from toolchain.model_names import MODELS
from toolchain.resources import student_dir


@pytest.mark.parametrize("name", MODELS)
def test_card_names_the_weights_beside_it(name):
    folder = student_dir(name)
    card = (folder / "card.md").read_text(encoding="utf-8")
    assert card.startswith(f"# {name}: ")
    assert sha256_file(folder / "model.safetensors") in card


RECORD = {"config": asdict(Config(MODELS[0], seed=4)), "made_with": "0123456789ab", "best_epoch": 3, "history": []}


def test_a_run_s_record_is_read_as_it_was_written(tmp_path):
    text = json.dumps(RECORD)
    (tmp_path / HISTORY_FILE).write_text(text)
    assert read_record(tmp_path) == json.loads(text)


@pytest.mark.parametrize("content", [None, "{", "[]", "[" * 100_000, json.dumps({**RECORD, "config": {"epochs": 3}})])
def test_a_damaged_record_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / HISTORY_FILE).write_text(content)
    with pytest.raises(UsageError, match="is no record of a training run"):
        read_record(tmp_path)
