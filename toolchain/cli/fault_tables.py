"""The table of ``toolchain faults``."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table as RichTable

if TYPE_CHECKING:
    from toolchain.faults import ClassResult, TargetResult

_CAPTION = (
    "right: the exact answer of the integer reference; named error: a LinkError; wrong: anything else; hang: no end "
    "within the limit; seconds: what a session took"
)


def drawn_faults(results: Iterable["TargetResult"]) -> RichTable:
    """How the sessions ended, by target and class of fault."""
    table = RichTable(box=SIMPLE_HEAD, pad_edge=False, caption=_CAPTION, caption_justify="left")
    for heading in ("target", "fault"):
        table.add_column(heading, overflow="fold")
    for heading in ("cases", "right", "named error", "wrong", "hang", "99 %", "longest"):
        table.add_column(heading, justify="right", overflow="fold")
    for result in results:
        for item in result.classes:
            table.add_row(result.target, item.kind, *_figures(item))
    return table


def _figures(item: "ClassResult") -> tuple[str, ...]:
    counts = (item.cases, item.right, item.named_error, item.wrong, item.hang)
    return *(f"{count:,}" for count in counts), f"{item.seconds_99:.3f} s", f"{item.seconds_most:.3f} s"
