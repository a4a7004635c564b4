"""How long to wait on a line whose speed is not known beforehand."""

import time

from toolchain.errors import LinkError

#: Bounds in seconds on the silence that makes the host ask for the first time, whatever was measured.
SHORTEST_SILENCE = 0.03
LONGEST_SILENCE = 1.0

#: Bound in seconds on what doubling makes of it.
LONGEST_REPEAT = 0.25
_MOST_DOUBLINGS = 4  # from the shortest silence to more than the longest repeat


class RoundTrip:
    """Measured round-trip time, smoothed as in RFC 6298 (section 2)."""

    def __init__(self) -> None:
        #: Never ask again early: for when a repeated question would disturb what is being measured.
        self.patient = False
        self._mean: float | None = None
        self._deviation = 0.0

    def measured(self, seconds: float) -> None:
        """Take one measurement into account."""
        if self._mean is None:
            self._mean, self._deviation = seconds, seconds / 2
            return
        self._deviation += (abs(seconds - self._mean) - self._deviation) / 4
        self._mean += (seconds - self._mean) / 8

    def silence(self, repeats: int = 0) -> float:
        """Seconds without an answer after which to ask again, after having asked ``repeats`` times in vain."""
        if self.patient:
            return LONGEST_SILENCE
        expected = 0.0 if self._mean is None else self._mean + 4 * self._deviation
        first = min(max(expected, SHORTEST_SILENCE), LONGEST_SILENCE)
        doublings = min(repeats, _MOST_DOUBLINGS)
        return min(first * 2**doublings, max(first, LONGEST_REPEAT))


class NoProgress(LinkError):
    """A deadline has passed."""


class Deadline:
    """A limit on time without progress.

    Args:
        seconds: the limit.
        message: what to say when it has passed.
        hint: what the user can do then.
    """

    def __init__(self, seconds: float, message: str, hint: str = "") -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._message = message
        self._hint = hint

    def progress(self, message: str) -> None:
        """Start again from now, with another message."""
        self._end = time.monotonic() + self._seconds
        self._message = message

    @property
    def left(self) -> float:
        """Seconds until it passes; negative afterwards."""
        return self._end - time.monotonic()

    def check(self) -> None:
        """Raise NoProgress if the time is over."""
        if self.left < 0:
            raise NoProgress(f"{self._message} within {self._seconds:g} s", self._hint)
