"""Running normalisation: mean and power of a stream so far (``docs/numeric-contract.md``, "Running normalisation")."""

import numpy as np
from numpy.typing import NDArray

from toolchain.audio.statistics import WindowStatistics
from toolchain.quantize.student import HOP, FrontEnd
from toolchain.reference.frontend import Normaliser, normaliser

#: Hops over which the estimate decays to 1/e, as a power of two: 2048 hops are 4.1 s.
HORIZON_BITS = 11
HORIZON_SAMPLES = HOP << HORIZON_BITS


class RunningEstimate:
    """Decayed sums over the hops of a stream. The stream's, not a window's: it outlives windows.

    The first `HORIZON_SAMPLES` count alike; from then on every hop takes 1/2048 off the sums before it is added,
    so that ``samples`` stays.
    """

    def __init__(self) -> None:
        self._sums = WindowStatistics(0, 0, 0)

    def hear(self, pcm: NDArray[np.int16]) -> list[WindowStatistics]:
        """Take a window's whole hops, and return the sums after each; what is left at its end is not heard."""
        hops = pcm[: len(pcm) // HOP * HOP].reshape(-1, HOP).astype(np.int64)
        totals, squares = hops.sum(axis=1), (hops * hops).sum(axis=1)
        return [self._take(int(total), int(square)) for total, square in zip(totals, squares, strict=True)]

    def _take(self, total: int, squares: int) -> WindowStatistics:
        sums = self._sums
        if sums.samples < HORIZON_SAMPLES:
            self._sums = WindowStatistics(sums.sum + total, sums.sum_squares + squares, sums.samples + HOP)
        else:
            self._sums = WindowStatistics(
                sums.sum - (sums.sum >> HORIZON_BITS) + total,
                sums.sum_squares - (sums.sum_squares >> HORIZON_BITS) + squares,
                sums.samples,
            )
        return self._sums


def running_normaliser(running: RunningEstimate, pcm: NDArray[np.int16], front_end: FrontEnd) -> Normaliser:
    """Hear a window and return the constants of each of its frames: of all hops up to the one that completes it.

    The reflections of a centred model wait for no hop: its last frame has the constants of the last whole hop.
    """
    heard = running.hear(pcm)
    frames = np.arange(len(heard) + 1) if front_end.centred else np.arange(1, len(heard))
    return normaliser([heard[min(frame, len(heard) - 1)] for frame in frames], front_end)
