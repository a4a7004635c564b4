"""The students that reach no board are trained by the same code, without rounded epochs."""

import dataclasses

import torch

from toolchain.distill.division import divide
from toolchain.distill.initialise import initialise
from toolchain.distill.lesson import own_targets
from toolchain.distill.processes import Processes
from toolchain.distill.recordings import load_recordings
from toolchain.distill.student import recipe
from toolchain.distill.train import Course, train
from toolchain.model import checkpoint
from toolchain.model.students import create
from toolchain.model_names import MODELS, OTHER_STUDENTS


def test_only_what_reaches_a_board_is_rounded():
    assert all(recipe(name).fake_quant_epochs > 0 for name in MODELS)
    assert all(recipe(name).fake_quant_epochs == 0 for name in OTHER_STUDENTS)


def test_a_mobilenet_is_trained_and_read_back(tiny_corpus, tmp_path):
    division = divide(tiny_corpus)
    course = Course(load_recordings(division.train), own_targets, load_recordings(division.validation))
    config = dataclasses.replace(recipe("mobilenetv3-small"), epochs=1, batch=4, crop_seconds=(0.1, 0.12))
    torch.manual_seed(config.seed)
    network = create(config.model)
    initialise(network)
    before = network.trunk.classifier.weight.detach().clone()
    train(network, course, config, tmp_path, Processes(0, 1, torch.device("cpu")))
    trained = checkpoint.load(tmp_path)
    assert trained.name == "mobilenetv3-small"
    assert not torch.equal(trained.trunk.classifier.weight, before)
