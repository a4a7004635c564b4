"""The state of an unfinished run that was damaged, or made by hand."""

import json
import os

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from toolchain.distill.config import Config
from toolchain.distill.state import Progress, read_state, write_state
from toolchain.errors import UsageError
from toolchain.model_names import MODELS

CONFIG = Config(model=MODELS[0])


def run():
    torch.manual_seed(0)
    network = torch.nn.Linear(4, 3)
    optimizer = torch.optim.AdamW(network.parameters())
    return {"network": network}, optimizer


@pytest.fixture
def path(tmp_path):
    modules, optimizer = run()
    modules["network"](torch.ones(2, 4)).square().sum().backward()
    optimizer.step()
    path = tmp_path / "training.safetensors"
    write_state(path, CONFIG, Progress(2, 1, 0.5, [{"epoch": 1}]), modules, optimizer)
    return path


def change(path, tensors=None, progress=None) -> None:
    with safe_open(path, framework="pt") as file:
        metadata, kept = file.metadata(), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    kept = {key: value for key, value in {**kept, **(tensors or {})}.items() if value is not None}
    save_file(kept, path, {**metadata, **({"progress": progress} if progress else {})})


def test_a_state_comes_back(path):
    assert read_state(path, CONFIG, *run()) == Progress(2, 1, 0.5, [{"epoch": 1}])


@pytest.mark.parametrize(
    "progress", ["[", "[" * 100_000, json.dumps({"epoch": "two"}), json.dumps({"history": [1]}), json.dumps({"a": 1})]
)
def test_progress_that_is_none(path, progress):
    change(path, progress=progress)
    with pytest.raises(UsageError, match="is damaged: "):
        read_state(path, CONFIG, *run())


@pytest.mark.parametrize(
    "tensors",
    [
        {"optimizer.0.exp_avg": torch.zeros(7)},
        {"optimizer.0.exp_avg": None},
        {"optimizer.0.step": torch.zeros(2)},
        {"optimizer.0.more": torch.zeros(1)},
        {"optimizer.5.step": torch.zeros(())},
        {"optimizer.-1.step": torch.zeros(())},
    ],
)
def test_a_state_of_another_optimizer(path, tensors):
    """It would be noticed by the next step, which is no place to say so."""
    change(path, tensors)
    with pytest.raises(UsageError, match=r"the optimizer's state .* is of something else"):
        read_state(path, CONFIG, *run())


def test_a_pipe_is_no_state(path):
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(UsageError, match="it is no regular file"):
        read_state(path, CONFIG, *run())
