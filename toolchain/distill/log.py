"""What a run leaves for people: TensorBoard's logs, and loss and CCC as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from torch.utils.tensorboard import SummaryWriter

from toolchain.model_names import DIMENSIONS

LOG_FOLDER = "tensorboard"
PICTURE_FILE = "history.png"


class Log:
    """Writes both; a resumed run goes on after its last whole epoch."""

    def __init__(self, out: Path, step: int) -> None:
        self._out = out
        self._writer = SummaryWriter(str(out / LOG_FOLDER), purge_step=step)

    def step(self, step: int, loss: float, learning_rate: float) -> None:
        """Note one step."""
        self._writer.add_scalar("loss", loss, step)
        self._writer.add_scalar("learning rate", learning_rate, step)

    def epoch(self, step: int, history: Sequence[Mapping[str, Any]]) -> None:
        """Note the last epoch and draw all of them."""
        for corpus, values in history[-1]["ccc"].items():
            for dimension, value in values.items():
                self._writer.add_scalar(f"validation CCC, {corpus}/{dimension}", value, step)
        self._writer.flush()
        draw(history, self._out / PICTURE_FILE)

    def close(self) -> None:
        """Flush the logs."""
        self._writer.close()


def draw(history: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw loss and, for each corpus, validation CCC by epoch, as PNG."""
    corpora = list(history[-1]["ccc"])
    figure = Figure(figsize=(4 * (1 + len(corpora)), 3.2), layout="constrained")
    axes = figure.subplots(1, 1 + len(corpora))
    epochs = [record["epoch"] for record in history]
    axes[0].plot(epochs, [record["loss"] for record in history], color="black")
    axes[0].set(title="training loss", xlabel="epoch")
    for axis, corpus in zip(axes[1:], corpora, strict=True):
        for dimension in DIMENSIONS:
            axis.plot(epochs, [record["ccc"][corpus][dimension] for record in history], label=dimension)
        axis.set(title=f"validation CCC, {corpus}", xlabel="epoch", ylim=(min(0, axis.get_ylim()[0]), 1))
        axis.legend(loc="lower right")
    for axis in axes:
        axis.grid(alpha=0.3)
        axis.xaxis.get_major_locator().set_params(integer=True)
    figure.savefig(path, dpi=110)
