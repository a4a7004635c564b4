"""Running normalisation of a stream (``docs/numeric-contract.md``, "Running normalisation")."""

import numpy as np
from numpy.typing import NDArray

from toolchain.audio.statistics import WindowStatistics
from toolchain.quantize.student import HOP, FrontEnd
from toolchain.reference.frontend import Normaliser, normaliser


class RunningEstimate:
    """Sums over the window so far, and over a hop's worth of what was heard before it.

    It is the stream's: one estimate goes from window to window.
    """

    def __init__(self) -> None:
        self._sums = WindowStatistics(0, 0, 0)

    def begin_window(self) -> None:
        """Scale all that was heard down to the weight of one hop."""
        heard = self._sums
        if heard.samples > HOP:
            self._sums = WindowStatistics(
                heard.sum * HOP // heard.samples, heard.sum_squares * HOP // heard.samples, HOP
            )

    def hear(self, pcm: NDArray[np.int16]) -> list[WindowStatistics]:
        """Take the whole hops of ``pcm`` and return the sums after each; what is left at its end is not heard."""
        hops = pcm[: len(pcm) // HOP * HOP].reshape(-1, HOP).astype(np.int64)
        totals, squares = hops.sum(axis=1), (hops * hops).sum(axis=1)
        return [self._take(int(total), int(square)) for total, square in zip(totals, squares, strict=True)]

    def _take(self, total: int, squares: int) -> WindowStatistics:
        heard = self._sums
        self._sums = WindowStatistics(heard.sum + total, heard.sum_squares + squares, heard.samples + HOP)
        return self._sums


def running_normaliser(running: RunningEstimate, window: NDArray[np.int16], front_end: FrontEnd) -> Normaliser:
    """Hear a window and return the constants of each of its frames: of all hops up to the one that completes it.

    The reflections of a centred model wait for no hop: its last frame has the constants of the last whole hop.
    """
    running.begin_window()
    heard = running.hear(window)
    completing = range(len(heard) + 1) if front_end.centred else range(1, len(heard))
    return normaliser([heard[min(hop, len(heard) - 1)] for hop in completing], front_end)
