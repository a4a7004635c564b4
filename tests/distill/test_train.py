"""Training on a tiny corpus: it learns, it resumes to the same weights, it refuses what does not fit."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from toolchain.distill.config import Config
from toolchain.distill.corpus import load_recordings, read_split
from toolchain.distill.evaluate import concordance, predict
from toolchain.distill.train import one_cycle, train
from toolchain.errors import UsageError
from toolchain.model.students import create
from toolchain.model_names import MODELS

TINY = Config(
    model="wav2small-17k", epochs=3, fake_quant_epochs=1, batch=4, crop_seconds=(0.1, 0.12), learning_rate=2e-3
)


class Interrupt(Exception):
    """What a kill in the middle of an epoch amounts to."""


@pytest.mark.parametrize("name", MODELS)
def test_interrupted_run_ends_with_the_same_weights(name, tiny_corpus, tmp_path):
    config = dataclasses.replace(TINY, model=name)
    whole = train(config, tiny_corpus, tmp_path / "whole")

    def interrupt(done, total):
        if done == 2 * total // 3 - 1:
            raise Interrupt

    with pytest.raises(Interrupt):
        train(config, tiny_corpus, tmp_path / "parts", interrupt)
    assert json.loads((tmp_path / "parts/history.json").read_text())["epoch"] == 1
    resumed = train(config, tiny_corpus, tmp_path / "parts")
    for key, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[key], value), key


def test_it_learns_and_says_how_it_went(tiny_corpus, tmp_path):
    config = dataclasses.replace(TINY, epochs=12, fake_quant_epochs=2, learning_rate=1e-2)
    steps = []
    student = train(config, tiny_corpus, tmp_path, lambda done, total: steps.append((done, total)))
    assert steps == [(i, 36) for i in range(1, 37)]
    history = json.loads((tmp_path / "history.json").read_text())["history"]
    assert len(history) == 12
    assert np.mean([e["loss"] for e in history[-3:]]) < 0.8 * history[0]["loss"]
    heard = load_recordings(read_split(tiny_corpus).train)
    assert concordance(student, heard)["arousal"] > 0.2
    card = (tmp_path / "card.md").read_text()
    assert "seed 1" in card and "| test, ravdess | whole recording |" in card


def test_another_configuration_does_not_continue_a_run(tiny_corpus, tmp_path):
    train(dataclasses.replace(TINY, epochs=1, fake_quant_epochs=0), tiny_corpus, tmp_path)
    with pytest.raises(UsageError, match="another configuration"):
        train(TINY, tiny_corpus, tmp_path)


def test_damaged_state_is_named(tiny_corpus, tmp_path):
    (tmp_path / "training.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}")
    with pytest.raises(UsageError, match="is damaged"):
        train(TINY, tiny_corpus, tmp_path)


def test_corpus_smaller_than_a_batch(tiny_corpus, tmp_path):
    with pytest.raises(UsageError, match="fewer training recordings than a batch"):
        train(dataclasses.replace(TINY, batch=32), tiny_corpus, tmp_path)


@pytest.mark.parametrize(
    "change",
    [{"model": "wav2small"}, {"epochs": 0}, {"batch": 1}, {"crop_seconds": (2.0, 1.0)}, {"fake_quant_epochs": -1}],
)
def test_wrong_configuration(change):
    with pytest.raises(UsageError, match="Wrong training configuration"):
        dataclasses.replace(TINY, **change)


def test_learning_rate_rises_then_falls_to_zero():
    factors = [one_cycle(step, 100) for step in range(100)]
    assert max(factors) == 1.0 and np.argmax(factors) in (14, 15)
    assert 0 < factors[0] < 0.02 and factors[-1] < 1e-3


def test_predictions_do_not_depend_on_batching():
    model = create("wav2small-72k")
    rng = np.random.default_rng(0)
    clips = [rng.integers(-3000, 3000, n).astype(np.int16) for n in (3000, 2000, 3000, 64)]
    together = predict(model, clips)
    alone = np.concatenate([predict(model, [clip]) for clip in clips])
    np.testing.assert_allclose(together, alone, atol=1e-6)
