"""Pass 1 of two-pass normalisation: the exact sums from which mean and power of a window follow."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class WindowStatistics:
    """Sums over the 16-bit samples of one window, as exact integers.

    The normaliser is x -= mean(x); x /= sqrt(mean(x^2) + 1e-7); its mean and power follow from these sums
    without error, so that host and board can compare them for equality.
    """

    sum: int
    sum_squares: int
    samples: int

    @classmethod
    def of(cls, pcm: np.ndarray) -> "WindowStatistics":
        """The sums of an int16 array of shape (samples,)."""
        wide = pcm.astype(np.int64)
        return cls(sum=int(wide.sum()), sum_squares=int(np.dot(wide, wide)), samples=len(pcm))
