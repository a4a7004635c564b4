"""``report.html``: the report as one page without any outside resource."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from toolchain.model_names import DIMENSIONS
from toolchain.verify.scatter import Scatter, scatter

_Q16 = 65536
#: Where the linker script reserves the stack.
_STACK_SECTION = ".stack"
TEMPLATES = Path(__file__).with_name("templates")


def render_page(report: Mapping[str, Any]) -> str:
    """Render a report, as `toolchain.verify.report.make_report` returns it, as HTML."""
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            dimensions=DIMENSIONS,
            plots={name: _plot(report, index) for index, name in enumerate(DIMENSIONS)},
            sections=_sections(report),
            ram=_ram(report),
            largest=_largest(report),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(number=_number, figure=_figure, percent=_percent, q16=_q16)
    return environment


def _plot(report: Mapping[str, Any], index: int) -> Scatter:
    rows = report["rows"]
    board = [row["board"][index] / _Q16 for row in rows]
    float_student = [row["float_student"][index] for row in rows]
    points = zip(rows, float_student, board, strict=True)
    titles = [f"{row['name']}: float {x:.4f}, board {y:.4f}" for row, x, y in points]
    return scatter(float_student, board, titles)


def _sections(report: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """Name, bytes of flash and bytes of RAM; without the stack's reserve, of which the used part is shown."""
    return [
        (section["name"], section["in_flash"] * section["bytes"], section["in_ram"] * section["bytes"])
        for section in report["sections"]
        if section["name"] != _STACK_SECTION
    ]


def _ram(report: Mapping[str, Any]) -> int:
    """Bytes of RAM in use: variables and the measured stack."""
    return int(report["ram_static_bytes"] + (report["ram_stack_bytes"] or 0))


def _largest(report: Mapping[str, Any], count: int = 8) -> list[tuple[str, int, int]]:
    """The objects that take most of the image: name, bytes of flash, bytes of RAM."""
    objects = [(name, sizes["flash_bytes"], sizes["ram_bytes"]) for name, sizes in report["objects"].items()]
    return sorted(objects, key=lambda item: -(item[1] + item[2]))[:count]


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:,.0f}"


def _figure(value: float | None, digits: int = 4) -> str:
    return "undefined" if value is None else f"{value:.{digits}f}"


def _percent(value: float, whole: float) -> float:
    return round(100 * value / whole, 2)


def _q16(value: int) -> str:
    return f"{value / _Q16:.4f}"
