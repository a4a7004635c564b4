"""Training of one student."""

import json
import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from toolchain.distill.batches import batches, steps_per_epoch
from toolchain.distill.card import write_card
from toolchain.distill.config import Config
from toolchain.distill.corpus import Recordings, load_recordings, read_split
from toolchain.distill.evaluate import concordance, loudest
from toolchain.distill.fake_quant import FakeQuantized
from toolchain.distill.loss import concordance_loss
from toolchain.distill.state import HISTORY_FILE, STATE_FILE, Progress, read_state, write_state
from toolchain.errors import UsageError
from toolchain.files import write_atomically
from toolchain.model import checkpoint
from toolchain.model.students import POOLED_MELS, Student, Wav2Small17k, create
from toolchain.model_names import DIMENSIONS, SAMPLE_RATE

#: Called after every step with the steps done so far and their total.
OnStep = Callable[[int, int], None]

#: Gradients longer than this are shortened: one strange batch must not undo an epoch.
_MAX_GRADIENT = 1.0
#: Share of all steps in which the learning rate rises.
_WARM_UP = 0.15


def train(config: Config, corpus: Path, out: Path, on_step: OnStep = lambda done, total: None) -> Student:
    """Train a student towards emotion-derived targets and write it to ``out``.

    The folder receives ``model.safetensors`` (the averaged weights of the best epoch by validation speakers),
    ``card.md``, ``history.json`` (loss and validation CCC by epoch) and ``training.safetensors``, from which an
    interrupted run with the same configuration continues after its last whole epoch.

    Args:
        config: The recipe.
        corpus: Folder of corpora, see :func:`toolchain.distill.corpus.read_split`.
        out: Folder to write to, made if absent.
        on_step: Progress callback.

    Returns:
        The student of the best epoch.

    Raises:
        UsageError: The corpus cannot be used, or ``out`` holds a run with another configuration.
    """
    split = read_split(corpus)
    recordings = load_recordings(split.train, trim=True)
    validation = loudest(load_recordings(split.validation), SAMPLE_RATE)
    if steps_per_epoch(recordings, config) == 0:
        raise UsageError(f"{corpus} has fewer training recordings than a batch ({config.batch}).")
    torch.set_num_threads(config.threads)
    run = _Run(config, recordings, validation, out)
    while run.progress.epoch < config.epochs:
        run.train_epoch(on_step)
    write_card(out, split)
    return checkpoint.load(out)


def initialise(student: Student) -> None:
    """Scale the layers whose inputs are far from unit size: the image is in dB, a Gram entry sums 13 products."""
    with torch.no_grad():
        student.vgg7.l1.conv.weight /= 20
        if isinstance(student, Wav2Small17k):
            student.adv.weight.view(len(DIMENSIONS), -1, 2, POOLED_MELS)[:, :, 1] /= 13
        student.adv.bias.fill_(0.5)
    for module in student.modules():
        if isinstance(module, nn.Conv2d):
            # oneDNN is a quarter faster on channels-last tensors; activations follow their weights.
            module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last)


def one_cycle(step: int, steps: int) -> float:
    """Return the factor of the learning rate: up along a cosine in the first 15 % of the steps, then down to 0."""
    peak = max(1, round(_WARM_UP * steps))
    if step < peak:
        return 0.5 - 0.5 * math.cos(math.pi * (step + 1) / peak)
    return 0.5 + 0.5 * math.cos(math.pi * (step - peak) / max(1, steps - peak))


class _Run:
    """A training run: networks, optimiser, and how far it is."""

    def __init__(self, config: Config, recordings: Recordings, validation: Recordings, out: Path) -> None:
        self._config, self._recordings, self._validation, self._out = config, recordings, validation, out
        self._steps_per_epoch = steps_per_epoch(recordings, config)
        torch.manual_seed(config.seed)
        self._student = create(config.model)
        initialise(self._student)
        self._rounded = FakeQuantized(self._student)
        self._averaged = AveragedModel(self._student, avg_fn=self._average, use_buffers=True)
        trained = [p for p in self._student.parameters() if p.requires_grad]
        self._optimizer = torch.optim.AdamW(trained, weight_decay=config.weight_decay)
        self.progress = self._resume()

    def train_epoch(self, on_step: OnStep) -> None:
        """Train one epoch, measure it, and write what a restart needs."""
        epoch = self.progress.epoch
        model: nn.Module = self._student if epoch < self._config.float_epochs else self._rounded
        model.train()
        total = 0.0
        for index, (signal, target) in enumerate(batches(self._recordings, self._config, epoch)):
            step = epoch * self._steps_per_epoch + index
            total += self._step(model, signal, target, step)
            on_step(step + 1, self._steps)
        self._close_epoch(total / self._steps_per_epoch)

    @property
    def _steps(self) -> int:
        return self._config.epochs * self._steps_per_epoch

    def _average(self, average: Tensor, current: Tensor, steps: Tensor | int) -> Tensor:
        # A shorter memory at first, or the initial weights would linger for epochs.
        decay = min(self._config.average, (1 + int(steps)) / (10 + int(steps)))
        return average + (current - average) * (1 - decay)

    def _step(self, model: nn.Module, signal: Tensor, target: Tensor, step: int) -> float:
        for group in self._optimizer.param_groups:
            group["lr"] = self._config.learning_rate * one_cycle(step, self._steps)
        loss = concordance_loss(model(signal), target)
        self._optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._student.parameters(), _MAX_GRADIENT)
        self._optimizer.step()
        self._averaged.update_parameters(self._student)
        return loss.item()

    def _close_epoch(self, loss: float) -> None:
        measured = concordance(self._averaged, self._validation)
        score = sum(measured.values()) / len(measured)
        starts_rounding = self.progress.epoch == self._config.float_epochs
        self.progress.epoch += 1
        self.progress.history.append({"loss": loss, **measured})
        # Only epochs that trained through rounding compete for the last word.
        if starts_rounding or score > self.progress.best_score:
            self.progress.best_score, self.progress.best_epoch = score, self.progress.epoch
            self._keep()
        self._write()

    def _modules(self) -> dict[str, nn.Module]:
        return {"rounded": self._rounded, "averaged": self._averaged}

    def _keep(self) -> None:
        averaged = self._averaged.module
        assert isinstance(averaged, Student)
        checkpoint.save(averaged, self._out / checkpoint.FILE_NAME)

    def _write(self) -> None:
        history = json.dumps({"config": asdict(self._config), **asdict(self.progress)}, indent=1)
        write_atomically(self._out / HISTORY_FILE, history + "\n")
        write_state(self._out / STATE_FILE, self._config, self.progress, self._modules(), self._optimizer)

    def _resume(self) -> Progress:
        path = self._out / STATE_FILE
        if not path.is_file():
            return Progress()
        return read_state(path, self._config, self._modules(), self._optimizer)
