"""Geometry of a scatter plot, so that the page's template only places what is computed here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: Side of the square plot area, in the units of the SVG's view box.
SIDE = 240.0
_MARGIN = 0.06
_TICKS = 5


@dataclass(frozen=True)
class Tick:
    """A mark on both axes: ``x`` from the left, ``y`` from the top (both axes have the same range)."""

    x: float
    y: float
    label: str


@dataclass(frozen=True)
class Dot:
    """One clip: its place from the left and from the top, and what is shown when pointed at."""

    x: float
    y: float
    title: str


@dataclass(frozen=True)
class Scatter:
    """A square plot whose two axes cover the same range, so that equal values lie on the diagonal."""

    dots: tuple[Dot, ...]
    ticks: tuple[Tick, ...]
    side: float = SIDE


def scatter(horizontal: Sequence[float], vertical: Sequence[float], titles: Sequence[str]) -> Scatter:
    """Place points given by two series of one length, at least one of each."""
    low, high = _range((*horizontal, *vertical))

    def place(value: float) -> float:
        return round((value - low) / (high - low) * SIDE, 2)

    points = zip(horizontal, vertical, titles, strict=True)
    dots = tuple(Dot(place(x), round(SIDE - place(y), 2), title) for x, y, title in points)
    ticks = (Tick(place(value), round(SIDE - place(value), 2), label) for value, label in _ticks(low, high))
    return Scatter(dots, tuple(ticks))


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = _MARGIN * (high - low) or 0.01
    return low - margin, high + margin


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Multiples of 1, 2 or 5 times a power of ten: at most ``_TICKS`` + 1 of them."""
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    decimals = max(0, -math.floor(math.log10(step)))
    first, last = math.ceil(low / step), math.floor(high / step)
    return [(index * step, f"{index * step:.{decimals}f}") for index in range(first, last + 1)]
