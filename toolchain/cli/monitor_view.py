"""How ``toolchain monitor`` shows results: drawn in a terminal, as lines in a log, or as JSON."""

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from toolchain.cli.console import stdout, step
from toolchain.model_names import DIMENSIONS, SAMPLE_RATE

if TYPE_CHECKING:
    from toolchain.link import LiveResult

_Q16 = 65536
_COLOURS = {"arousal": "red", "dominance": "yellow", "valence": "green"}

#: Lines of one chart, and the characters that fill a cell by eighths.
_CHART_LINES = 3
_EIGHTHS = " ▁▂▃▄▅▆▇█"

#: Columns beside a chart, and the most results a history holds.
_BESIDE = 16
_LONGEST = 400


class View(Protocol):
    """Takes results as they come."""

    def show(self, result: "LiveResult") -> None:
        """Show one more."""


@contextmanager
def make_view(title: str, window: int, as_json: bool) -> Iterator[View]:
    """The view that suits the output: JSON if wanted, charts in a terminal, otherwise a line for each result."""
    if as_json:
        yield _JsonLines()
        return
    if not stdout.is_terminal:
        step(title)
        yield _Lines()
        return
    charts = Charts(title, window)
    with Live(charts, console=stdout, auto_refresh=False) as display:
        yield _Screen(charts, display)


class _JsonLines:
    def show(self, result: "LiveResult") -> None:
        typer.echo(json.dumps(_record(result)))


class _Lines:
    def show(self, result: "LiveResult") -> None:
        values = "  ".join(f"{name} {value:.3f}" for name, value in _values(result).items())
        stdout.print(f"{_seconds_heard(result):8.1f} s  {values}{_losses(result)}", markup=False)


class _Screen:
    def __init__(self, charts: "Charts", display: Live) -> None:
        self._charts, self._display = charts, display

    def show(self, result: "LiveResult") -> None:
        self._charts.add(result)
        self._display.refresh()


@dataclass
class Charts:
    """Three histories, the newest value at the right, over a range of 0 to 1."""

    title: str
    window: int
    _history: dict[str, deque[float]] = field(
        default_factory=lambda: {name: deque(maxlen=_LONGEST) for name in DIMENSIONS}
    )
    _last: "LiveResult | None" = None

    def add(self, result: "LiveResult") -> None:
        """Take one more result; those that were lost on the line leave a gap."""
        for name, value in _values(result).items():
            self._history[name].extend([float("nan")] * min(result.lost_results, _LONGEST))
            self._history[name].append(value)
        self._last = result

    def __rich__(self) -> RenderableType:
        """Draw it."""
        width = max(stdout.width - _BESIDE, 10)
        rows = Table.grid(padding=(0, 1, 0, 0))
        for name in DIMENSIONS:
            rows.add_row(*self._row(name, width))
            rows.add_row()
        return Panel(Group(rows, self._footer()), title=escape(self.title), title_align="left", expand=False)

    def _row(self, name: str, width: int) -> tuple[Text, Text, Text]:
        history, colour = self._history[name], _COLOURS[name]
        value = f"{history[-1]:.3f}" if history else "-"
        label = Text(f"{name}\n").append(value, style=f"bold {colour}")
        axis = Text("\n".join(("1", *[" "] * (_CHART_LINES - 2), "0")), style="dim")
        return label, axis, Text("\n".join(_chart(list(history)[-width:], width)), style=colour)

    def _footer(self) -> Text:
        every = 1000 * self.window // SAMPLE_RATE
        if self._last is None:
            return Text(f"waiting for the first result, {every} ms of audio; Ctrl-C stops", style="dim")
        losses = _losses(self._last)
        return Text.assemble(
            (f"{self._last.index + 1} results, one every {every} ms", "dim"),
            (losses, "bold red") if losses else ("  nothing dropped", "dim"),
            ("  Ctrl-C stops", "dim"),
        )


def _chart(values: list[float], width: int) -> list[str]:
    """Columns of a bar chart as lines of text, the highest line first; NaN leaves a column empty."""
    steps = _CHART_LINES * (len(_EIGHTHS) - 1)
    heights = [0 if value != value else max(1, round(min(max(value, 0.0), 1.0) * steps)) for value in values]
    lines = []
    for line in reversed(range(_CHART_LINES)):
        below = line * (len(_EIGHTHS) - 1)
        cells = (_EIGHTHS[min(max(height - below, 0), len(_EIGHTHS) - 1)] for height in heights)
        lines.append("".join(cells).rjust(width))
    return lines


def _values(result: "LiveResult") -> dict[str, float]:
    return {name: int(value) / _Q16 for name, value in zip(DIMENSIONS, result.values, strict=True)}


def _seconds_heard(result: "LiveResult") -> float:
    return (result.index + 1) * result.samples / SAMPLE_RATE


def _losses(result: "LiveResult") -> str:
    """What was lost so far, and just before this result; "" if nothing."""
    heard = (result.index + 1) * result.samples
    share = result.dropped / (heard + result.dropped)
    dropped = f"  {result.dropped:,} samples dropped ({100 * share:.1f} %)" if result.dropped else ""
    return dropped + (f"  {result.lost_results} results lost" if result.lost_results else "")


def _record(result: "LiveResult") -> dict[str, object]:
    return {
        "index": result.index,
        "seconds": _seconds_heard(result),
        **{name: round(value, 5) for name, value in _values(result).items()},
        "samples": result.samples,
        "pcm_crc32": f"{result.pcm_crc:08x}",
        "samples_dropped": result.dropped,
        "results_lost": result.lost_results,
        "ticks": result.ticks,
    }
