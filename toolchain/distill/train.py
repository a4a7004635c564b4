"""Training of one network."""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from toolchain.distill.batches import Batch, Share, batches, steps_per_epoch
from toolchain.distill.config import Averaging, Config, Precision
from toolchain.distill.evaluate import concordance_by_corpus
from toolchain.distill.fake_quant import FakeQuantized
from toolchain.distill.lesson import Lesson
from toolchain.distill.log import Log
from toolchain.distill.loss import grouped_loss
from toolchain.distill.processes import Processes
from toolchain.distill.recordings import Recordings
from toolchain.distill.state import HISTORY_FILE, STATE_FILE, Progress, read_state, write_state
from toolchain.errors import UsageError
from toolchain.files import write_atomically
from toolchain.model import checkpoint
from toolchain.model.network import Network
from toolchain.model.students import Student
from toolchain.version import commit

#: Called after every step with the steps done so far and their total.
OnStep = Callable[[int, int], None]

#: Gradients longer than this are shortened: one strange batch must not undo an epoch.
_MAX_GRADIENT = 1.0
#: Share of all steps in which the learning rate rises.
_WARM_UP = 0.15
#: Share of all steps, at the end, over which ``swa`` averages.
_SWA = 1 / 3


@dataclass(frozen=True, eq=False)
class Course:
    """What is learned from.

    Attributes:
        recordings: What crops are cut from.
        lesson: What the network is to answer to them.
        validation: Recordings of other speakers, whose targets are what the network is to agree with; the epoch that
            is kept has the best CCC there, meant over corpora and dimensions.
    """

    recordings: Recordings
    lesson: Lesson
    validation: Recordings


def train(
    network: Network,
    course: Course,
    config: Config,
    out: Path,
    processes: Processes,
    on_step: OnStep = lambda done, total: None,
    workers: int = 0,
) -> None:
    """Train ``network`` and write it to ``out``.

    The folder receives ``model.safetensors`` (the averaged weights of the best epoch by validation speakers),
    ``history.json`` and ``history.png`` (loss and validation CCC by epoch), TensorBoard's logs, and
    ``training.safetensors``, from which an interrupted run with the same configuration continues after its last
    whole epoch, to the same weights.

    Args:
        network: As initialised; it has ``logmel``, ``backbone`` and ``head``.
        course: What to learn from.
        config: The recipe.
        out: Folder to write to, made if absent.
        processes: Those that train together; each calls this function.
        on_step: Progress callback.
        workers: Processes that make batches ahead.

    Raises:
        UsageError: There are too few recordings, or ``out`` holds a run with another configuration.
    """
    if steps_per_epoch(course.recordings, config) == 0:
        raise UsageError(f"There are fewer training recordings than a batch ({config.batch}).")
    if config.batch % processes.world:
        raise UsageError(f"A batch of {config.batch} cannot be divided among {processes.world} processes.")
    torch.set_num_threads(config.threads)
    run = _Run(network.to(processes.device), course, config, out, processes, workers)
    while run.progress.epoch < config.epochs:
        run.train_epoch(on_step)
    run.close()


def one_cycle(step: int, steps: int) -> float:
    """Return the factor of the learning rate: up along a cosine in the first 15 % of the steps, then down to 0."""
    peak = max(1, round(_WARM_UP * steps))
    if step < peak:
        return 0.5 - 0.5 * math.cos(math.pi * (step + 1) / peak)
    return 0.5 + 0.5 * math.cos(math.pi * (step - peak) / max(1, steps - peak))


class _Run:
    """A training run: networks, optimiser, and how far it is."""

    def __init__(
        self, network: Network, course: Course, config: Config, out: Path, processes: Processes, workers: int
    ) -> None:
        self._course, self._config, self._out = course, config, out
        self._processes, self._workers = processes, workers
        self._steps_per_epoch = steps_per_epoch(course.recordings, config)
        self._network = network
        self._rounded = FakeQuantized(network).to(processes.device) if isinstance(network, Student) else None
        self._averaged = AveragedModel(network, avg_fn=self._average, use_buffers=True)
        self._trained = [p for p in network.parameters() if p.requires_grad]
        self._optimizer = torch.optim.AdamW(self._trained, weight_decay=config.weight_decay)
        self.progress = self._resume()
        self._log = Log(out, self.progress.epoch * self._steps_per_epoch) if processes.leads else None

    def train_epoch(self, on_step: OnStep) -> None:
        """Train one epoch, measure it, and write what a restart needs."""
        epoch = self.progress.epoch
        # Dropout and masks draw from torch: they, too, depend on seed and epoch alone.
        torch.manual_seed((self._config.seed * 10_007 + epoch) * 101 + self._processes.rank)
        model = self._model(epoch)
        model.train()
        total = 0.0
        share = Share(self._processes.rank, self._processes.world)
        for index, batch in enumerate(batches(self._course.recordings, self._config, epoch, share, self._workers)):
            step = epoch * self._steps_per_epoch + index
            total += self._step(model, batch, step)
            on_step(step + 1, self._steps)
        self._close_epoch(total / self._steps_per_epoch)

    def close(self) -> None:
        """Finish the logs, and let no process go on before the leading one has written everything."""
        if self._log:
            self._log.close()
        self._processes.agree(None)

    @property
    def _steps(self) -> int:
        return self._config.epochs * self._steps_per_epoch

    def _model(self, epoch: int) -> nn.Module:
        """The network, or from the last float epoch on the network behind int8 rounding."""
        if epoch < self._config.float_epochs:
            return self._processes.wrap(_AtPrecision(self._network, self._config.precision))
        if self._rounded is None:
            raise UsageError("Only a Wav2Small student trains through int8 rounding.", "Set fake_quant_epochs to 0.")
        return self._processes.wrap(self._rounded)

    def _average(self, average: Tensor, current: Tensor, steps: Tensor | int) -> Tensor:
        """Return the average after one more step; ``steps`` is how many it holds."""
        count = int(steps)
        if self._config.averaging is Averaging.NONE:
            return current.clone()
        if self._config.averaging is Averaging.SWA:
            averaged = count - round((1 - _SWA) * self._steps)
            return current.clone() if averaged <= 0 else average + (current - average) / (averaged + 1)
        # A shorter memory at first, or the initial weights would linger for epochs.
        decay = min(self._config.decay, (1 + count) / (10 + count))
        return average + (current - average) * (1 - decay)

    def _step(self, model: nn.Module, batch: Batch, step: int) -> float:
        rate = self._config.learning_rate * one_cycle(step, self._steps)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        target = self._course.lesson(batch).to(self._processes.device)
        outputs = model(batch.signal.to(self._processes.device))
        gather = self._processes.gather
        loss = grouped_loss(
            gather(outputs),
            gather(target),
            gather(batch.group.to(self._processes.device)),
            self._config.correlation,
            self._config.squared_error,
        )
        self._optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._trained, _MAX_GRADIENT)
        self._optimizer.step()
        self._averaged.update_parameters(self._network)
        value = loss.item()
        if self._log:
            self._log.step(step, value, rate)
        return value

    def _close_epoch(self, loss: float) -> None:
        measured = self._processes.agree(self._measure() if self._processes.leads else None)
        assert isinstance(measured, dict)
        values = [value for corpus in measured.values() for value in corpus.values()]
        score = sum(values) / len(values)
        self._count_epoch({"epoch": self.progress.epoch + 1, "loss": loss, "score": score, "ccc": measured}, score)
        if self._processes.leads:
            self._write()

    def _measure(self) -> dict[str, dict[str, float]]:
        return concordance_by_corpus(self._averaged, self._course.validation)

    def _count_epoch(self, record: dict[str, object], score: float) -> None:
        progress, config = self.progress, self._config
        starts_rounding = progress.epoch == config.float_epochs
        progress.epoch += 1
        progress.history.append(record)
        # Only epochs that trained through rounding compete for the last word.
        if starts_rounding or score > progress.best_score:
            progress.best_score, progress.best_epoch = score, progress.epoch
            self._keep()
        waited = progress.epoch - progress.best_epoch
        if config.patience and progress.epoch < config.float_epochs and waited >= config.patience:
            progress.epoch = config.float_epochs

    def _modules(self) -> dict[str, nn.Module]:
        return {"network": self._rounded or self._network, "averaged": self._averaged}

    def _keep(self) -> None:
        if self._processes.leads:
            checkpoint.save(self._averaged.module, self._out / checkpoint.FILE_NAME)

    def _write(self) -> None:
        record = {"config": asdict(self._config), "made_with": commit(), **asdict(self.progress)}
        write_atomically(self._out / HISTORY_FILE, json.dumps(record, indent=1) + "\n")
        write_state(self._out / STATE_FILE, self._config, self.progress, self._modules(), self._optimizer)
        if self._log:
            self._log.epoch(self.progress.epoch * self._steps_per_epoch, self.progress.history)

    def _resume(self) -> Progress:
        path = self._out / STATE_FILE
        if not path.is_file():
            return Progress()
        return read_state(path, self._config, self._modules(), self._optimizer)


class _AtPrecision(nn.Module):
    """A network whose backbone computes in another type; front end and head stay float32."""

    def __init__(self, network: Network, precision: Precision) -> None:
        super().__init__()
        self.network, self._precision = network, precision

    def forward(self, signal: Tensor) -> Tensor:
        """Map (B, N) samples to (B, 3)."""
        if self._precision is Precision.FLOAT32:
            return self.network(signal)
        image = self.network.logmel(signal)
        with torch.autocast(signal.device.type, torch.bfloat16):
            outputs = self.network.backbone(image)
        return self.network.head(*(x.float() for x in outputs))
