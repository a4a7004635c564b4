"""The tables of ``toolchain bench``."""

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table as RichTable

if TYPE_CHECKING:
    from toolchain.bench import Comparison, Row, Table

_MILLION = 1e6

_CAPTION = (
    "equal: clips equal to the integer reference; sizes in bytes; instructions of the engine per second of audio, and "
    "of its backbone per multiply-accumulate"
)
_SHARES_CAPTION = "instructions by stage, in percent of all"
_CONTENDERS_CAPTION = (
    "plain: this engine with its kernel of plain C; bakenn: the backbone alone, with CMSIS-NN, for a fixed window"
)
_HOST_CAPTION = "on this computer, one thread: lowest CPU time over the engine's, measured in turn; working memory"


def drawn(table: "Table") -> RichTable:
    """All rows: what fits, sizes and instructions."""
    result = _table(("target", "student", "verified", "equal"), _CAPTION)
    for heading in ("flash", "RAM", "stack", "instructions", "per MAC"):
        result.add_column(heading, justify="right", overflow="fold")
    for row in table.rows:
        sizes = (row.flash_bytes, row.ram_static_bytes, row.ram_stack_bytes)
        clips = f"{row.equal_clips} of {row.clips}" if row.clips else "-"
        per_mac = _per_mac(row.instructions_per_mac)
        result.add_row(row.target, row.model, row.verified, clips, *map(_bytes, sizes), _instructions(row), per_mac)
    return result


def drawn_shares(table: "Table") -> RichTable:
    """Where the instructions of every row go that has them counted by stage."""
    rows = [(row, row.stages) for row in table.rows if row.stages and row.instructions_from_twin is None]
    stages = list(dict.fromkeys(stage for _, parts in rows for stage in parts))
    result = _table(("target", "student"), _SHARES_CAPTION)
    for stage in stages:
        result.add_column(stage, justify="right", overflow="fold")
    for row, parts in rows:
        whole = sum(parts.values())
        result.add_row(row.target, row.model, *(f"{100 * parts[stage] / whole:.1f}" for stage in stages))
    return result


def drawn_contenders(comparison: "Comparison") -> RichTable:
    """What the same students take by other means."""
    result = _table(("target", "student", "engine", "equal"), _CONTENDERS_CAPTION)
    for heading in ("flash", "RAM", "per MAC"):
        result.add_column(heading, justify="right", overflow="fold")
    for item in comparison.contenders:
        clips = f"{item.equal_clips} of {item.clips}" if item.clips else "does not fit"
        sizes = map(_bytes, (item.flash_bytes, item.ram_bytes))
        result.add_row(item.target, item.model, item.engine, clips, *sizes, _per_mac(item.instructions_per_mac))
    return result


def drawn_host(comparison: "Comparison") -> RichTable:
    """The students on this computer beside other runtimes."""
    result = _table(("student", "part", "runtime"), _HOST_CAPTION)
    for heading in ("times engine", "working bytes", "resident bytes"):
        result.add_column(heading, justify="right", overflow="fold")
    for student in comparison.host:
        for row in student.rows:
            sizes = map(_bytes, (row.working_bytes, row.resident_bytes))
            result.add_row(student.model, row.part, row.runtime, f"{row.times_engine:.2f}", *sizes)
    return result


def _table(headings: tuple[str, ...], caption: str) -> RichTable:
    table = RichTable(box=SIMPLE_HEAD, pad_edge=False, caption=caption, caption_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _bytes(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _per_mac(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _instructions(row: "Row") -> str:
    """Per second of audio; a twin's are marked."""
    if row.instructions_per_second_of_audio is not None:
        return f"{row.instructions_per_second_of_audio / _MILLION:,.1f} M"
    return "-" if row.instructions_from_twin is None else f"twin: {row.instructions_from_twin / _MILLION:,.1f} M"
