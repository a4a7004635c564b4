"""What a training run is made of."""

from dataclasses import dataclass
from enum import StrEnum

from toolchain.errors import UsageError
from toolchain.model_names import SAMPLE_RATE


class Averaging(StrEnum):
    """Which average of the weights over the steps is measured and kept."""

    #: Exponential: each step's weights fade by the decay.
    EMA = "ema"
    #: All steps of the last third of training count alike (Izmailov et al., arXiv 1803.05407).
    SWA = "swa"
    #: The weights as they are.
    NONE = "none"


class Precision(StrEnum):
    """Type that convolutions and matrix products compute in; front ends and losses are float32 in any case."""

    FLOAT32 = "fp32"
    BFLOAT16 = "bf16"


@dataclass(frozen=True)
class Config:
    """Recipe of a training run; with one thread count, one process and the CPU it fixes the result bit for bit.

    Attributes:
        model: Which network.
        epochs: Passes over the training recordings, at most.
        fake_quant_epochs: How many of them, at the end, train through int8 rounding (all, where there are fewer);
            0 for networks that do not reach a board.
        patience: Stop after so many float epochs without a better validation score, and go on with those through
            rounding; 0 never stops early.
        batch: Crops per step, over all processes.
        learning_rate: Peak of the cosine schedule.
        weight_decay: Of AdamW, on everything trained.
        correlation: Weight of the mean over dimensions of 1 - CCC over the batch in the loss.
        squared_error: Weight of the mean squared error in the loss.
        averaging: Which average of the weights is kept.
        decay: Per step of the averaged weights; for ``ema``.
        crop_seconds: Shortest and longest crop; each batch draws its own length.
        augment: Share of crops that go through room, microphone, noise, codec and telephone.
        speed: Half of the crops are played up to this much faster or slower.
        mixup: Share of batches whose crops are mixed in pairs (Zhang et al., arXiv 1710.09412).
        precision: Type to compute in.
        seed: Of initialisation, order, crops and augmentation.
        threads: Of torch, per process.
    """

    model: str
    epochs: int = 36
    fake_quant_epochs: int = 8
    patience: int = 0
    batch: int = 32
    learning_rate: float = 4e-3
    weight_decay: float = 1e-2
    correlation: float = 1.0
    squared_error: float = 0.5
    averaging: Averaging = Averaging.EMA
    decay: float = 0.995
    crop_seconds: tuple[float, float] = (1.0, 2.0)
    augment: float = 0.5
    speed: float = 0.15
    mixup: float = 0.0
    precision: Precision = Precision.FLOAT32
    seed: int = 1
    threads: int = 1

    def __post_init__(self) -> None:
        shortest, longest = self.crop_seconds
        checks = {
            "epochs must be positive": self.epochs > 0,
            "fake_quant_epochs must not be negative": self.fake_quant_epochs >= 0,
            "patience must not be negative": self.patience >= 0,
            "batch must be at least 2, for the loss is a correlation": self.batch >= 2,
            "learning_rate must be positive": self.learning_rate > 0,
            "weight_decay must not be negative": self.weight_decay >= 0,
            "the loss needs a positive weight": self.correlation >= 0
            and self.squared_error >= 0
            and self.correlation + self.squared_error > 0,
            "decay must be from 0 to 1": 0 <= self.decay < 1,
            "crop_seconds must be increasing, from 0.1 on": 0.1 <= shortest <= longest,
            "augment and mixup are shares from 0 to 1": 0 <= self.augment <= 1 and 0 <= self.mixup <= 1,
            "speed must be from 0 to 0.5": 0 <= self.speed <= 0.5,
            "threads must be positive": self.threads > 0,
        }
        for sentence, holds in checks.items():
            if not holds:
                raise UsageError(f"Wrong training configuration: {sentence}.")

    @property
    def float_epochs(self) -> int:
        """Epochs before those that train through rounding."""
        return max(0, self.epochs - self.fake_quant_epochs)

    @property
    def crop_samples(self) -> tuple[int, int]:
        """Shortest and longest crop in samples."""
        shortest, longest = self.crop_seconds
        return round(shortest * SAMPLE_RATE), round(longest * SAMPLE_RATE)
