"""The bench as one page without any outside resource: what each target takes, and what other means take there."""

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from toolchain.bench.bars import Chart, Value, grouped, stacked
from toolchain.bench.comparison import Comparison, Contender, Engine
from toolchain.bench.table import Row, Table
from toolchain.model_names import MODELS
from toolchain.verify.page import TEMPLATES as VERIFY_TEMPLATES

_TEMPLATES = Path(__file__).with_name("templates")

#: Colours of the bars by what they show, and how the legends call it.
ENGINES = {"ours": "this engine", "plain": "its plain C kernel", "bakenn": "bakenn with CMSIS-NN"}
_OTHERS: tuple[Engine, ...] = ("plain", "bakenn")

_MILLION = 1e6
_KILO = 1000


def render_page(table: Table, comparison: Comparison | None) -> str:
    """Render a table, and what its rows are held against, as HTML."""
    sections = [_section(model, table, comparison) for model in MODELS]
    return (
        _environment()
        .get_template("bench.html.j2")
        .render(
            table=table,
            versions=comparison.versions if comparison else {},
            sections=[section for section in sections if section["charts"]],
            host=comparison.host if comparison else (),
            engines=ENGINES,
            stages=_stage_names(table.rows),
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader([_TEMPLATES, VERIFY_TEMPLATES]),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _section(model: str, table: Table, comparison: Comparison | None) -> dict[str, object]:
    """One student's charts."""
    rows = [row for row in table.rows if row.model == model and row.verified != "does-not-fit"]
    counted = [row for row in rows if row.instructions_per_second_of_audio is not None]
    per_mac = _groups(counted, comparison, lambda item: item.instructions_per_mac, lambda value: f"{value:.2f}")
    flash = _groups(rows, comparison, lambda item: item.flash_bytes, _kilobytes)
    ram = _groups(rows, comparison, lambda item: item.ram_bytes, _kilobytes)
    stages = {row.target: row.stages for row in counted if row.stages}
    totals = {row.target: f"{sum(row.stages.values()) / _MILLION:,.1f} M" for row in counted if row.stages}
    charts: list[tuple[str, str, Chart]] = [
        ("engines", "Instructions per multiply-accumulate", grouped("instructions per multiply-accumulate", per_mac)),
        ("stages", "Instructions by stage, per second of audio", stacked("share by stage", stages, totals)),
        ("engines", "Flash", grouped("bytes of flash", flash)),
        ("engines", "RAM", grouped("bytes of RAM", ram)),
    ]
    return {"model": model, "charts": [item for item in charts if item[2].bars]}


def _groups(
    rows: Iterable[Row],
    comparison: Comparison | None,
    figure: Callable[[Row | Contender], float | None],
    words: Callable[[float], str],
) -> dict[str, list[Value]]:
    """One figure of every row and of its contenders, where they have it."""
    groups: dict[str, list[Value]] = {}
    for row in rows:
        contenders: dict[str, Row | Contender] = {"ours": row}
        for engine in _OTHERS:
            contender = comparison.of(row.target, row.model, engine) if comparison else None
            contenders |= {engine: contender} if contender else {}
        figures = {kind: figure(item) for kind, item in contenders.items()}
        values = [Value(kind, amount, words(amount)) for kind, amount in figures.items() if amount is not None]
        if values:
            groups[row.target] = values
    return groups


def _stage_names(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(stage for row in rows for stage in row.stages or {}))


def _kilobytes(value: float) -> str:
    return f"{value / _KILO:,.1f} KB"
