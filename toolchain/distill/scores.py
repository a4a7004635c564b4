"""How far two sets of outputs agree, with what chance alone would make of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolchain.distill.evaluate import concordance
from toolchain.model_names import DIMENSIONS

_RESAMPLES = 1000
_SEED = 1


@dataclass(frozen=True)
class Interval:
    """A CCC and its 95 % bootstrap interval over recordings."""

    value: float
    low: float
    high: float


def agreement(outputs: NDArray[np.float32], targets: NDArray[np.float32]) -> dict[str, Interval]:
    """Return the CCC of outputs with targets, both (n, 3), and its percentile bootstrap interval, by dimension.

    Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), section 13.3: 1000 resamples of the recordings.
    The recordings of one speaker are not independent, so the interval says nothing of other speakers.
    """
    rng = np.random.default_rng(_SEED)
    draws = rng.integers(len(outputs), size=(_RESAMPLES, len(outputs)))
    resampled = [concordance(outputs[rows], targets[rows]) for rows in draws]
    measured = concordance(outputs, targets)
    return {d: _interval(measured[d], [r[d] for r in resampled]) for d in DIMENSIONS}


def _interval(value: float, resampled: list[float]) -> Interval:
    low, high = np.quantile(resampled, (0.025, 0.975))
    return Interval(value, float(low), float(high))
