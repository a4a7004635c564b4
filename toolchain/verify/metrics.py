"""Agreement of two series of numbers: CCC, Pearson's correlation and RMSE."""

import numpy as np
from numpy.typing import ArrayLike


def ccc(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Concordance correlation coefficient of two series of the same length, -1..1 (Lin 1989).

    NaN if it is not defined: fewer than two values, or two constant series with the same mean.
    """
    y, x = np.asarray(truth, dtype=np.float64), np.asarray(prediction, dtype=np.float64)
    scatter = x.var() + y.var() + (x.mean() - y.mean()) ** 2 if len(x) > 1 else 0.0
    return float(2 * np.mean((x - x.mean()) * (y - y.mean())) / scatter) if scatter > 0 else float("nan")


def pearson(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Pearson's correlation of two series of the same length, -1..1; NaN if one of them is constant."""
    y, x = np.asarray(truth, dtype=np.float64), np.asarray(prediction, dtype=np.float64)
    constant = len(x) < 2 or x.std() == 0 or y.std() == 0
    return float("nan") if constant else float(np.corrcoef(x, y)[0, 1])


def rmse(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Root of the mean squared difference of two series of the same length, in their unit."""
    difference = np.asarray(truth, dtype=np.float64) - np.asarray(prediction, dtype=np.float64)
    return float(np.sqrt(np.mean(difference**2)))
