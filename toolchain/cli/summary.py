"""The parity table that ``verify`` and ``run`` end with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from toolchain.cli.console import stdout
from toolchain.model_names import DIMENSIONS, Normalisation

#: A run of so few clips is about their values.
_LISTED = 10
_Q16 = 65536

_NORMALISED = {
    Normalisation.TWO_PASS: "over each clip (two-pass)",
    Normalisation.RUNNING: "by a running estimate, the float student over each clip; the CCC is not gated",
}


def print_summary(report: Mapping[str, Any], page: Path) -> None:
    """Write the report's figures to stdout, and where the page with the plots lies."""
    stdout.print(f"[bold]{report['model']} on {report['target']}[/]  {report['execution']}.")
    if report["clips"] <= _LISTED:
        stdout.print(_clips(report))
    stdout.print(_agreement(report))
    for name, value in _facts(report):
        stdout.print(f"  {name:<14} {value}", markup=False)
    verdict = "[bold green]passed[/]" if report["passed"] else "[bold red]failed[/]"
    stdout.print(f"  {'result':<14} {verdict}, see {page}")


def _clips(report: Mapping[str, Any]) -> Table:
    table = _table("what the board heard")
    for row in report["rows"]:
        table.add_row(escape(row["name"]), *(f"{value / _Q16:.4f}" for value in row["board"]))
    return table


def _table(heading: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2))
    table.add_column(heading)
    for name in DIMENSIONS:
        table.add_column(name, justify="right")
    return table


def _agreement(report: Mapping[str, Any]) -> Table:
    table = _table("board against float")
    for label, key in (("CCC", "ccc"), ("Pearson", "pearson"), ("RMSE", "rmse")):
        table.add_row(label, *(_figure(report[key][name]) for name in DIMENSIONS))
    return table


def _figure(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


def _facts(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    arena = report["tflm_arena"]
    return [
        ("normalised", _NORMALISED[report["normalisation"]]),
        ("clips", f"{report['equal_clips']} of {report['clips']} equal to the integer reference{_resumed(report)}"),
        ("flash", _flash(report)),
        ("RAM", _ram(report)),
        ("TFLM's arena", f"{arena['bytes']:,} bytes for the same backbone and {arena['seconds']} s of audio"),
        ("speed", _speed(report)),
        ("signature", report["signature"]["summary"] if report["signature"] else "none"),
    ]


def _resumed(report: Mapping[str, Any]) -> str:
    kept = report["resumed_clips"]
    return f"; {kept} measured before an interruption" if kept else ""


def _budget(limit: int | None) -> str:
    return "" if limit is None else f" of {limit:,}"


def _flash(report: Mapping[str, Any]) -> str:
    if report["flash_bytes"] is None:
        return "run 'idf.py size' in the project"
    return f"{report['flash_bytes']:,} bytes{_budget(report['flash_budget_bytes'])}"


def _ram(report: Mapping[str, Any]) -> str:
    static, stack = report["ram_static_bytes"], report["ram_stack_bytes"] or 0
    parts = f" ({static:,} static, {stack:,} stack)" if stack else " static"
    return f"{static + stack:,} bytes{_budget(report['ram_budget_bytes'])}{parts}"


def _speed(report: Mapping[str, Any]) -> str:
    instructions = report["instructions_per_second_of_audio"]
    if instructions is None:
        return f"{1000 * report['engine_seconds_per_second_of_audio']:.1f} ms per second of audio"
    return f"{instructions:,} instructions per second of audio"
