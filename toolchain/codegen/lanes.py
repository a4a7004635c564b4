"""Weights for kernels that compute all output channels of a pixel side by side, one to each lane of 32 bits."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.integer]

#: The 13 output channels, and three that come to nothing.
LANES = 16


def by_lane(taps_at_once: int, groups_at_once: int = 1, offset: int = 0) -> Callable[[Weights], list[list[int]]]:
    """Return a function that packs int8 (out, kh, kw, in) for instructions that sum several products in a lane.

    The taps of one kernel row lie side by side in the input. They come in groups of ``taps_at_once``, and the groups of
    a row in multiples of ``groups_at_once``, filled up with weights of 0; each group is a row of the result: lane, then
    tap. ``offset`` is added to every weight, those that fill up included.
    """

    def pack(weight: Weights) -> list[list[int]]:
        outputs, height = weight.shape[:2]
        taps = weight.reshape(outputs, height, -1).astype(np.int64)
        filled = np.pad(taps, ((0, LANES - outputs), (0, 0), (0, -taps.shape[2] % (taps_at_once * groups_at_once))))
        groups = filled.reshape(LANES, height, -1, taps_at_once).transpose(1, 2, 0, 3)
        packed: list[list[int]] = (groups.reshape(-1, LANES * taps_at_once) + offset).tolist()
        return packed

    return pack
