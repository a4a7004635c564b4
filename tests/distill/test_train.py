"""Training on a tiny corpus: it learns, it resumes to the same weights, it refuses what does not fit."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from toolchain.distill.config import Averaging, Config, Precision
from toolchain.distill.division import divide
from toolchain.distill.evaluate import concordance, predict
from toolchain.distill.initialise import initialise
from toolchain.distill.lesson import own_targets
from toolchain.distill.processes import Processes
from toolchain.distill.recordings import load_recordings
from toolchain.distill.train import Course, one_cycle, train
from toolchain.errors import UsageError
from toolchain.model import checkpoint
from toolchain.model.students import create
from toolchain.model_names import MODELS
from toolchain.teacher.acted import ActedNetwork

ALONE = Processes(0, 1, torch.device("cpu"))
TINY = Config(
    model="wav2small-17k", epochs=3, fake_quant_epochs=1, batch=4, crop_seconds=(0.1, 0.12), learning_rate=2e-3
)


class Interrupt(Exception):
    """What a kill in the middle of an epoch amounts to."""


@pytest.fixture
def course(tiny_corpus):
    split = divide(tiny_corpus)
    return Course(load_recordings(split.train), own_targets, load_recordings(split.validation))


def run(config, course, out, on_step=lambda done, total: None):
    """Train a fresh network of the configuration's seed."""
    torch.manual_seed(config.seed)
    network = ActedNetwork() if config.model == "acted" else create(config.model)
    initialise(network)
    train(network, course, config, out, ALONE, on_step)
    return (out / checkpoint.FILE_NAME).read_bytes()


ACTED = dataclasses.replace(
    TINY, model="acted", fake_quant_epochs=0, mixup=0.5, precision=Precision.BFLOAT16, averaging=Averaging.SWA
)


@pytest.mark.parametrize("config", [*(dataclasses.replace(TINY, model=name) for name in MODELS), ACTED])
def test_interrupted_run_ends_with_the_same_weights(config, course, tmp_path):
    whole = run(config, course, tmp_path / "whole")

    def interrupt(done, total):
        if done == 2 * total // 3 - 1:
            raise Interrupt

    with pytest.raises(Interrupt):
        run(config, course, tmp_path / "parts", interrupt)
    assert json.loads((tmp_path / "parts/history.json").read_text())["epoch"] == 1
    assert run(config, course, tmp_path / "parts") == whole


def test_it_learns_and_says_how_it_went(course, tmp_path):
    # Long enough for every processor: after half as much, the concordance was from 0.22 to 0.81 by its vector unit.
    config = dataclasses.replace(TINY, epochs=24, fake_quant_epochs=2, learning_rate=5e-3, augment=0.0)
    steps = []
    run(config, course, tmp_path, lambda done, total: steps.append((done, total)))
    assert steps == [(i, 72) for i in range(1, 73)]
    record = json.loads((tmp_path / "history.json").read_text())
    assert len(record["history"]) == 24 and record["made_with"]
    assert np.mean([e["loss"] for e in record["history"][-3:]]) < 0.5 * record["history"][0]["loss"]
    heard = course.recordings
    assert concordance(predict(checkpoint.load(tmp_path), heard.pcm), heard.targets)["arousal"] > 0.5
    assert (tmp_path / "history.png").read_bytes().startswith(b"\x89PNG")
    assert list((tmp_path / "tensorboard").glob("events.out.tfevents.*"))


def test_early_stopping_goes_on_to_the_rounded_epochs(course, tmp_path):
    config = dataclasses.replace(TINY, epochs=40, fake_quant_epochs=1, patience=2, learning_rate=1e-9)
    run(config, course, tmp_path)
    record = json.loads((tmp_path / "history.json").read_text())
    epochs = [epoch["epoch"] for epoch in record["history"]]
    assert len(epochs) < 20 and epochs[-1] == 40
    assert record["epoch"] == record["best_epoch"] == 40


def test_another_configuration_does_not_continue_a_run(course, tmp_path):
    run(dataclasses.replace(TINY, epochs=1, fake_quant_epochs=0), course, tmp_path)
    with pytest.raises(UsageError, match="another configuration"):
        run(TINY, course, tmp_path)


def test_damaged_state_is_named(course, tmp_path):
    (tmp_path / "training.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}")
    with pytest.raises(UsageError, match="is damaged"):
        run(TINY, course, tmp_path)


def test_corpus_smaller_than_a_batch(course, tmp_path):
    with pytest.raises(UsageError, match="fewer training recordings than a batch"):
        run(dataclasses.replace(TINY, batch=32), course, tmp_path)


def test_only_students_train_through_rounding(course, tmp_path):
    with pytest.raises(UsageError, match="Only a Wav2Small student"):
        run(dataclasses.replace(ACTED, fake_quant_epochs=3), course, tmp_path)


@pytest.mark.parametrize("averaging", Averaging)
def test_every_average_is_finite_and_they_differ(averaging, course, tmp_path):
    config = dataclasses.replace(TINY, averaging=averaging, decay=0.5)
    run(config, course, tmp_path)
    weights = checkpoint.load(tmp_path).state_dict()["adv.weight"]
    assert torch.isfinite(weights).all()
    if averaging is not Averaging.NONE:
        run(dataclasses.replace(config, averaging=Averaging.NONE), course, tmp_path / "none")
        assert not torch.equal(weights, checkpoint.load(tmp_path / "none").state_dict()["adv.weight"])


@pytest.mark.parametrize(
    "change",
    [{"epochs": 0}, {"batch": 1}, {"crop_seconds": (2.0, 1.0)}, {"fake_quant_epochs": -1}, {"decay": 1.0}],
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
