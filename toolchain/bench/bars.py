"""Geometry of the bars on the bench's page, so that its templates only place what is computed here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Units of the SVG's view box: the labels' column, the longest bar, and the figures to its right.
LABEL_WIDTH = 170.0
BAR_WIDTH = 420.0
FIGURE_WIDTH = 130.0

_BAR_HEIGHT = 12.0
_BAR_GAP = 2.0
_GROUP_GAP = 12.0


@dataclass(frozen=True)
class Bar:
    """One bar, or part of a stacked one. ``kind`` names its colour, ``figure`` stands to its right."""

    x: float
    y: float
    width: float
    kind: str
    figure: str
    title: str


@dataclass(frozen=True)
class Label:
    """The name of a group of bars; ``y`` is its middle."""

    y: float
    text: str


@dataclass(frozen=True)
class Chart:
    """Horizontal bars in groups, one below the other."""

    name: str
    bars: tuple[Bar, ...]
    labels: tuple[Label, ...]
    height: float
    bar_height: float = _BAR_HEIGHT
    width: float = LABEL_WIDTH + BAR_WIDTH + FIGURE_WIDTH
    label_width: float = LABEL_WIDTH


@dataclass(frozen=True)
class Value:
    """What one bar shows: ``amount`` long, drawn in the colour of ``kind`` with ``figure`` beside it."""

    kind: str
    amount: float
    figure: str


def grouped(name: str, groups: Mapping[str, Sequence[Value]]) -> Chart:
    """Draw a bar for every value, those of a group one below the other; the longest takes the whole width."""
    longest = max((value.amount for values in groups.values() for value in values), default=0) or 1.0
    bars, labels, y = [], [], 0.0
    for group, values in groups.items():
        top = y
        for value in values:
            width = round(BAR_WIDTH * value.amount / longest, 2)
            title = f"{group}, {value.kind}: {value.figure}"
            bars.append(Bar(LABEL_WIDTH, y, width, value.kind, value.figure, title))
            y += _BAR_HEIGHT + _BAR_GAP
        labels.append(Label((top + y - _BAR_GAP) / 2, group))
        y += _GROUP_GAP
    return Chart(name, tuple(bars), tuple(labels), y)


def stacked(name: str, groups: Mapping[str, Mapping[str, int]], figures: Mapping[str, str]) -> Chart:
    """Draw one bar of full width for every group, divided in the proportions of its parts.

    Args:
        name: what the chart shows.
        groups: parts and their amounts, by group.
        figures: what stands beside each group's bar.
    """
    bars, labels, y = [], [], 0.0
    for group, parts in groups.items():
        whole, x = sum(parts.values()), LABEL_WIDTH
        last = list(parts)[-1]
        for part, amount in parts.items():
            width = BAR_WIDTH * amount / whole
            title = f"{group}, {part}: {amount:,} instructions, {100 * amount / whole:.1f} %"
            figure = figures[group] if part == last else ""
            bars.append(Bar(round(x, 2), y, round(width, 2), part, figure, title))
            x += width
        labels.append(Label(y + _BAR_HEIGHT / 2, group))
        y += _BAR_HEIGHT + _GROUP_GAP / 2
    return Chart(name, tuple(bars), tuple(labels), y)
