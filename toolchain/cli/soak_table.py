"""The table of ``toolchain soak``."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table as RichTable

if TYPE_CHECKING:
    from toolchain.soak import Row

_HEADINGS = ("clips", "equal", "lost", "asked again", "drift", "stack", "host", "emulator", "clips/s")
_CAPTION = (
    "lost: frames that were never answered; asked again: answers that were late; drift: instructions by which a clip "
    "differs between first and last tenth; host, emulator: growth of memory"
)


def drawn_soak(rows: Iterable["Row"]) -> RichTable:
    """What came of every board."""
    table = RichTable(box=SIMPLE_HEAD, pad_edge=False, caption=_CAPTION, caption_justify="left")
    table.add_column("board", overflow="fold")
    for heading in _HEADINGS:
        table.add_column(heading, justify="right", overflow="fold")
    table.add_column("result", overflow="fold")
    for row in rows:
        table.add_row(row.board, *_figures(row), _result(row))
    return table


def _figures(row: "Row") -> tuple[str, ...]:
    figures = row.figures
    if figures is None:
        return f"{row.done:,}", *[""] * (len(_HEADINGS) - 1)
    drift, stack = figures.drift_instructions, figures.stack
    return (
        f"{figures.clips:,}",
        f"{figures.equal:,}",
        f"{figures.lost:,}",
        f"{figures.repeated:,}",
        "" if drift is None else f"{drift:g}",
        "" if stack is None or not stack.last else f"{stack.last:,} B",
        *("" if kib is None else f"{kib:,} KiB" for kib in (figures.host_growth_kib, figures.board_growth_kib)),
        f"{figures.clips / figures.seconds:.1f}" if figures.seconds else "",
    )


def _result(row: "Row") -> str:
    """In a word: what was wrong stands in the error that follows the table."""
    from toolchain.soak import problems

    if row.error is not None:
        return "stopped"
    return "failed" if problems(row) else "passed"
