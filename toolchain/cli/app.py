"""The command ``toolchain``: its verbs, and errors as one sentence and an exit code."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from toolchain import __version__
from toolchain.cli import (
    bench,
    build,
    card,
    distill,
    doctor,
    evaluate,
    export,
    faults,
    flash,
    keys,
    label,
    monitor,
    quantize,
    run,
    sign,
    soak,
    targets,
    teacher,
    verify,
)
from toolchain.cli.console import fail
from toolchain.errors import ToolchainError
from toolchain.termination import unwinding

#: The exit code of a run that SIGTERM has ended, as shells count.
TERMINATED = 128 + signal.SIGTERM

app = typer.Typer(
    name="toolchain",
    help="Speech emotion on microcontrollers: quantise a Wav2Small student, generate C for it, build, flash, verify.",
    epilog="Begin with: toolchain run --target mps2-an386",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

for verb, module in (
    (run.run, run),
    (build.build, build),
    (flash.flash, flash),
    (verify.verify, verify),
    (monitor.monitor, monitor),
    (bench.bench, bench),
    (faults.faults, faults),
    (soak.soak, soak),
    (doctor.doctor, doctor),
    (label.label, label),
    (distill.distill, distill),
    (card.card, card),
    (evaluate.evaluate, evaluate),
    (export.export, export),
    (quantize.quantize, quantize),
    (sign.sign, sign),
):
    app.command(epilog=f"Example: {module.EXAMPLE}")(verb)
app.add_typer(targets.app, name="targets")
app.add_typer(teacher.app, name="teacher")
app.add_typer(keys.app, name="keys")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _toolchain(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Holds the options that come before a verb."""


@contextmanager
def _orderly_end() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does: boards are stopped, and nothing temporary is left.

    A signal that is ignored, or handled by someone else, stays so.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return

    end = unwinding(TERMINATED)
    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) is end:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def main() -> None:
    """Run the command line; expected errors become one sentence on stderr and their class's exit code."""
    with _orderly_end():
        _run()


def _run() -> None:
    try:
        app()
    except ToolchainError as error:
        fail(error.message, error.hint)
        sys.exit(error.exit_code)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        fail(f"{where}{error.strerror or error}")
        sys.exit(1)
