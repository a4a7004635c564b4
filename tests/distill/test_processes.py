"""Two processes under torchrun (Gloo) learn what one learns."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from toolchain.distill.division import divide
from toolchain.distill.evaluate import concordance
from toolchain.distill.guide import answered
from toolchain.distill.processes import joined
from toolchain.distill.recordings import load_recordings
from toolchain.errors import UsageError
from toolchain.teacher.acted import ActedTeacher

ALONE = [sys.executable]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]

GRADIENT = """
import sys
import torch
from toolchain.distill.loss import grouped_loss
from toolchain.distill.processes import joined
with joined("cpu") as processes:
    torch.manual_seed(0)
    network, x, truth = torch.nn.Linear(5, 3), torch.randn(8, 5), torch.randn(8, 3)
    group = torch.tensor([0, 0, 1, 1, 0, 0, 1, 1])
    mine = slice(processes.rank, None, processes.world)
    shared = processes.wrap(network)
    outputs = shared(x[mine])
    loss = grouped_loss(*(processes.gather(v) for v in (outputs, truth[mine], group[mine])), 1.0, 0.5)
    loss.backward()
    if processes.leads:
        torch.save([loss.detach(), network.weight.grad], sys.argv[1])
"""

TRAIN = """
import dataclasses, sys
from pathlib import Path
from toolchain.distill.acted import RECIPE, train_acted_teacher
from toolchain.distill.processes import joined
config = dataclasses.replace(
    RECIPE, epochs=40, batch=12, crop_seconds=(0.25, 0.25), augment=0.2, mixup=0.0, learning_rate=5e-3, precision="fp32"
)
with joined("cpu") as processes:
    train_acted_teacher(config, Path(sys.argv[1]), Path(sys.argv[2]), processes, members=1)
"""


def launch(command, script, *arguments, folder):
    path = folder / "script.py"
    path.write_text(script)
    environment = os.environ | {"PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, path, *arguments], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_loss_and_gradient_are_those_of_the_whole_batch(tmp_path):
    launch(ALONE, GRADIENT, tmp_path / "one", folder=tmp_path)
    launch(TORCHRUN, GRADIENT, tmp_path / "two", folder=tmp_path)
    for one, two in zip(torch.load(tmp_path / "one"), torch.load(tmp_path / "two"), strict=True):
        torch.testing.assert_close(one, two)


def test_two_processes_learn_what_one_learns(tiny_corpus, tmp_path):
    """To within seed noise: batch norm sees half a batch in each, and masks are drawn anew."""
    losses, answers = {}, {}
    heard = load_recordings(divide(tiny_corpus).train)
    for world, command in ((1, ALONE), (2, TORCHRUN)):
        out = tmp_path / str(world)
        launch(command, TRAIN, tiny_corpus, out, folder=tmp_path)
        history = json.loads((out / "seed-1/history.json").read_text())["history"]
        losses[world] = np.mean([epoch["loss"] for epoch in history[-8:]])
        answers[world] = answered(ActedTeacher.load(out), heard).targets
        assert losses[world] < 0.6 * history[0]["loss"]
    assert losses[2] == pytest.approx(losses[1], abs=0.15)
    assert concordance(answers[1], answers[2])["arousal"] > 0.6


def test_devices():
    with joined("cpu") as processes:
        assert processes.leads and processes.world == 1 and processes.agree(3) == 3
    with pytest.raises(UsageError, match="no device 'tpu'"), joined("tpu"):
        pass
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="no GPU"), joined("cuda"):
            pass
