"""SIGTERM as an orderly end: what was begun is unwound, and a second signal does not stop that."""

import signal
from collections.abc import Callable
from types import FrameType


def unwinding(code: int) -> Callable[[int, FrameType | None], None]:
    """A handler that raises `SystemExit` with this exit code, once.

    From then on to the end of the process the signal does nothing: it may come twice at once, to the process and to its
    group, and the second would stop what the first has made it do.
    """

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(number, lambda number, frame: None)
        raise SystemExit(code)

    return end
