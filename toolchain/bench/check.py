"""The regression gate: no committed figure of a target and student grows unnoticed."""

from collections.abc import Iterable
from dataclasses import dataclass

from toolchain.bench.table import Row, Table
from toolchain.errors import BuildError

#: Part of a committed figure by which it may grow.
TOLERANCE = 0.02

_UPDATE = "make it smaller, or take it over with 'make bench' if it is the price of something better"


@dataclass(frozen=True)
class Growth:
    """One figure that is larger than the committed one; ``measured`` is None if the image no longer fits."""

    target: str
    model: str
    figure: str
    committed: int
    measured: int | None

    def __str__(self) -> str:
        pair = f"{self.target} {self.model}"
        if self.measured is None:
            return f"{pair} no longer fits"
        share = 100 * (self.measured / self.committed - 1)
        return f"{pair} {self.figure} {self.committed:,} -> {self.measured:,} (+{share:.1f} %)"


def find_growth(committed: Table, measured: Iterable[Row]) -> list[Growth]:
    """Compare rows with the committed ones of the same target and student.

    Compared are instructions per second of audio, bytes of flash and bytes of RAM, each where both rows have it. Clips
    need not be the same: instructions hardly depend on them.
    """
    pairs = ((committed.row(*row.key), row) for row in measured)
    return [growth for before, now in pairs if before is not None for growth in _growth(before, now)]


def require_no_growth(growth: list[Growth]) -> None:
    """Be satisfied, or name what has grown.

    Raises:
        BuildError: if anything has.
    """
    if growth:
        names = "; ".join(map(str, growth))
        raise BuildError(f"{len(growth)} figures grew by more than {TOLERANCE:.0%}: {names}", _UPDATE)


def _growth(before: Row, now: Row) -> list[Growth]:
    if now.verified == "does-not-fit":
        fitted = before.verified != "does-not-fit"
        return [Growth(*now.key, "flash bytes", before.flash_bytes or 0, None)] if fitted else []
    figures = {
        "instructions": (before.instructions_per_second_of_audio, now.instructions_per_second_of_audio),
        "flash bytes": (before.flash_bytes, now.flash_bytes),
        "RAM bytes": _ram(before, now),
    }
    return [
        Growth(*now.key, name, old, new)
        for name, (old, new) in figures.items()
        if old is not None and new is not None and new > old * (1 + TOLERANCE)
    ]


def _ram(before: Row, now: Row) -> tuple[int | None, int | None]:
    """Variables, with the stack where both have it measured."""
    static = before.ram_static_bytes, now.ram_static_bytes
    if None in static or before.ram_stack_bytes is None or now.ram_stack_bytes is None:
        return static
    return before.ram_bytes, now.ram_bytes
