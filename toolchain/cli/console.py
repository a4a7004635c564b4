"""Where output goes: results to stdout, everything about their making to stderr."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

stdout = Console(highlight=False, soft_wrap=True)
#: For tables that go to a file or another program: wider than any.
_unbounded = Console(highlight=False, width=400)
stderr = Console(stderr=True, highlight=False, soft_wrap=True)


def step(text: str) -> None:
    """Say on stderr what is being done, or was."""
    stderr.print(text, markup=False)


def print_table(table: RenderableType) -> None:
    """Write a table or text to stdout: as wide as the terminal, or, where there is none, as wide as it is."""
    (stdout if stdout.is_terminal else _unbounded).print(table, soft_wrap=False)


def print_json(value: Any) -> None:
    """Write a value to stdout as JSON."""
    typer.echo(json.dumps(value, indent=2))


def fail(message: str, hint: str = "") -> None:
    """Write an error to stderr: what happened, then what to do."""
    stderr.print(f"[bold red]error:[/] {escape(message.rstrip('.'))}")
    if hint:
        stderr.print(f"[bold]hint:[/] {escape(hint.rstrip('.'))}")


@contextmanager
def progress(what: str, total: int | None) -> Iterator["Bar"]:
    """Show a progress bar on stderr while the block runs; it is gone afterwards. A log gets one line instead."""
    if not stderr.is_terminal:
        step(what)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as display:
        yield Bar(display, display.add_task(what, total=total))


class Bar:
    """One progress bar."""

    def __init__(self, display: Progress, task: TaskID) -> None:
        self._display, self._task = display, task

    def advance(self, what: str | None = None) -> None:
        """One more is done; ``what`` replaces the text before the bar."""
        self._display.update(self._task, advance=1, description=what)

    def says(self, what: str) -> None:
        """Replace the text before the bar."""
        self._display.update(self._task, description=what)

    def at(self, done: int, total: int) -> None:
        """So many of so many are done."""
        self._display.update(self._task, completed=done, total=total)
