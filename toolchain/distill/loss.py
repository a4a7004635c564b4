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


def concordance_loss(prediction: Tensor, truth: Tensor, correlation: float = 1.0, squared_error: float = 0.5) -> Tensor:
    """``correlation`` x mean over dimensions of 1 - CCC over the batch, plus ``squared_error`` x mean squared error."""
    difference = prediction - truth
    return correlation * (1 - ccc(prediction, truth)).mean() + squared_error * (difference * difference).mean()


def grouped_loss(prediction: Tensor, truth: Tensor, group: Tensor, correlation: float, squared_error: float) -> Tensor:
    """Mean of :func:`concordance_loss` over the groups in a batch, weighted by their sizes.

    A group is a corpus: within one, telling corpora apart earns nothing, only hearing the voice does.

    Args:
        prediction: Shape (B, 3).
        truth: Shape (B, 3).
        group: Number of each row's group, shape (B,).
        correlation: See :func:`concordance_loss`.
        squared_error: See :func:`concordance_loss`.
    """
    losses = []
    for number in group.unique():
        rows = group == number
        share = rows.sum() / len(group)
        losses.append(share * concordance_loss(prediction[rows], truth[rows], correlation, squared_error))
    return torch.stack(losses).sum()
