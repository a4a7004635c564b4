"""Which windows of a recording a teacher hears."""

import math
from dataclasses import dataclass

from toolchain.errors import UsageError
from toolchain.model_names import SAMPLE_RATE

_LONGEST = 3600


@dataclass(frozen=True)
class Windows:
    """Windows of ``length`` samples every ``hop`` samples; whole recordings where either is 0."""

    length: int
    hop: int

    @classmethod
    def of_seconds(cls, length: float, hop: float) -> "Windows":
        """Windows as a user gives them.

        Raises:
            UsageError: One is negative, no number, over an hour, or too short to be a sample.
        """
        for name, seconds in (("window", length), ("hop", hop)):
            if not math.isfinite(seconds) or seconds < 0 or seconds > _LONGEST or 0 < seconds < 1 / SAMPLE_RATE:
                raise UsageError(
                    f"A {name} of {seconds:g} s cannot be used.",
                    f"Choose up to {_LONGEST} seconds, or 0 for whole recordings.",
                )
        return cls(round(length * SAMPLE_RATE), round(hop * SAMPLE_RATE))

    def cut(self, samples: int) -> list[tuple[int, int]]:
        """Return start and length of the windows of a recording of ``samples`` samples, in order.

        A recording that is no longer than a window is one window, as long as it is. Of a longer one all windows have
        full length: where they do not end with it, one more does, and overlaps the one before.
        """
        if not self.length or not self.hop or samples <= self.length:
            return [(0, samples)]
        last = samples - self.length
        starts = list(range(0, last + 1, self.hop))
        if starts[-1] < last:
            starts.append(last)
        return [(start, self.length) for start in starts]
