"""What a training run is made of."""

from dataclasses import dataclass

from toolchain.errors import UsageError
from toolchain.model_names import MODELS, SAMPLE_RATE


@dataclass(frozen=True)
class Config:
    """Recipe of a training run; with one thread count it fixes the result.

    Attributes:
        model: Which student.
        epochs: Passes over the training recordings.
        fake_quant_epochs: How many of them, at the end, train through int8 rounding; all, where there are fewer.
        batch: Crops per step.
        learning_rate: Peak of the one-cycle schedule.
        weight_decay: Of AdamW, on everything trained.
        average: Decay per step of the averaged weights, which are what is kept.
        crop_seconds: Shortest and longest crop; each batch draws its own length.
        seed: Of initialisation, order, crops and augmentation.
        threads: Of torch.
    """

    model: str
    epochs: int = 36
    fake_quant_epochs: int = 8
    batch: int = 32
    learning_rate: float = 4e-3
    weight_decay: float = 1e-2
    average: float = 0.995
    crop_seconds: tuple[float, float] = (1.0, 1.5)
    seed: int = 1
    threads: int = 1

    def __post_init__(self) -> None:
        shortest, longest = self.crop_seconds
        checks = {
            f"model must be one of {', '.join(MODELS)}": self.model in MODELS,
            "epochs must be positive": self.epochs > 0,
            "fake_quant_epochs must not be negative": self.fake_quant_epochs >= 0,
            "batch must be at least 2, for the loss is a correlation": self.batch >= 2,
            "learning_rate must be positive": self.learning_rate > 0,
            "crop_seconds must be increasing, from 0.1 on": 0.1 <= shortest <= longest,
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
