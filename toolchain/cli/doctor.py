"""``toolchain doctor``."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from toolchain.cli.console import print_json, print_table, stdout
from toolchain.cli.options import JsonOption
from toolchain.tools import SYSTEMS, System, current_system, install_steps

if TYPE_CHECKING:
    from toolchain.doctor import Check, Purpose, TargetReport

EXAMPLE = "toolchain doctor --target mps2-an386"

_SYSTEM_NAMES: dict[System, str] = {"debian": "Debian", "macos": "macOS", "windows": "Windows (PowerShell)"}


def doctor(
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            "-t",
            metavar="NAME",
            help="Check this target only; exit code 3 if it cannot be built, emulated or flashed here.",
        ),
    ] = None,
    system: Annotated[
        str | None,
        typer.Option(
            "--system",
            metavar="NAME",
            help=f"Show the lines that install everything on another system: {', '.join(SYSTEMS)}.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show what each target needs, what of it is here, and the lines that install the rest.

    A target needs its compiler with a C library, its emulator if it has one, and the program of one of its flashers.
    """
    from toolchain.doctor import examine, general_checks
    from toolchain.target import load_target, target_names

    shown = _system(system)
    names = target_names() if target is None else [target]
    reports = [examine(load_target(name)) for name in names]
    general = list(general_checks()) if target is None else []
    if json:
        print_json(_as_json(reports, general))
    else:
        print_table(_overview(reports) if target is None else _details(reports[0]))
        _print_general(general)
        _print_install(reports, shown)
    if target is not None:
        reports[0].require()


def _system(name: str | None) -> System:
    """The system a user names, or the one at hand."""
    from toolchain.errors import UsageError

    known = {system: system for system in SYSTEMS}
    if name is not None and name not in known:
        raise UsageError(f"there is no system '{name}'", f"known systems: {', '.join(SYSTEMS)}")
    return known[name] if name is not None else current_system()


def _as_json(reports: Sequence["TargetReport"], general: Sequence["Check"]) -> dict[str, Any]:
    return {
        "targets": [report.as_dict() for report in reports],
        "general": [asdict(check) for check in general],
        "install_missing": install_steps(_missing(reports)),
        "install_everything": {system: install_steps(_everything(reports), system) for system in SYSTEMS},
    }


def _missing(reports: Sequence["TargetReport"]) -> list[str]:
    return [check.name for report in reports for check in report.checks if not check.found]


def _everything(reports: Sequence["TargetReport"]) -> list[str]:
    return [check.name for report in reports for check in report.checks]


def _print_general(checks: Sequence["Check"]) -> None:
    for check in checks:
        mark = "[green]ok     [/]" if check.found else "[yellow]missing[/]"
        detail = f": {check.detail}" if check.detail else ""
        stdout.print(f" {mark}  {check.name:<18}  {escape(check.purpose + detail)}")


def _overview(reports: Sequence["TargetReport"]) -> Table:
    from toolchain.doctor import Purpose

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("target", *Purpose):
        table.add_column(heading)
    for report in reports:
        table.add_row(escape(report.target), *(_verdict(report, purpose) for purpose in Purpose))
    return table


def _verdict(report: "TargetReport", purpose: "Purpose") -> str:
    """``yes``, or ``no`` with what is missing; of flashers also which one is there."""
    can = report.can(purpose)
    if can is None:
        return "[dim]-[/]"
    checks = report.of(purpose)
    names = ", ".join(check.name for check in checks if check.found == can)
    if not can:
        return f"[yellow]no[/]: {escape(names)}"
    return f"[green]yes[/]: {escape(names)}" if purpose == "flash" else "[green]yes[/]"


def _details(report: "TargetReport") -> Table:
    from toolchain.doctor import Purpose

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in (report.target, "needs", ""):
        table.add_column(heading)
    table.add_column("where", overflow="fold")
    for purpose in Purpose:
        checks = report.of(purpose)
        if not checks:
            table.add_row(f"[dim]{purpose}[/]", "[dim]-[/]")
        for index, check in enumerate(checks):
            mark = "[green]ok[/]" if check.found else "[yellow]missing[/]"
            table.add_row("" if index else purpose.value, escape(check.name), mark, escape(check.detail))
    return table


def _print_install(reports: Sequence["TargetReport"], system: System) -> None:
    """The lines for this system's rest; for another system those for everything, as it cannot be looked at."""
    here = system == current_system()
    steps = install_steps(_missing(reports) if here else _everything(reports), system)
    if steps:
        what = "what is missing" if here else "everything listed above"
        stdout.print(f"\nTo install {what} on {_SYSTEM_NAMES[system]}:")
    for line in steps:
        stdout.print(f"  {line}", markup=False)
