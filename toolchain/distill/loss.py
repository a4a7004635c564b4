"""Concordance correlation, as a measure and as a loss."""

import torch
from torch import Tensor


def ccc(prediction: Tensor, truth: Tensor) -> Tensor:
    """Concordance correlation coefficient of each dimension.

    Lin, "A concordance correlation coefficient to evaluate reproducibility", Biometrics 45 (1989), 255-268.

    Args:
        prediction: Shape (n, d).
        truth: Shape (n, d).

    Returns:
        Shape (d,), in -1..1; 0 where both are constant.
    """
    x, y = prediction - prediction.mean(dim=0), truth - truth.mean(dim=0)
    bias = prediction.mean(dim=0) - truth.mean(dim=0)
    spread = (x * x).mean(dim=0) + (y * y).mean(dim=0) + bias * bias
    return 2 * (x * y).mean(dim=0) / spread.clamp_min(torch.finfo(spread.dtype).tiny)


def concordance_loss(prediction: Tensor, truth: Tensor, squared_error: float = 0.5) -> Tensor:
    """Mean over dimensions of 1 - CCC over the batch, plus ``squared_error`` times the mean squared error."""
    return (1 - ccc(prediction, truth)).mean() + squared_error * ((prediction - truth) ** 2).mean()
