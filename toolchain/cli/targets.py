"""``toolchain targets`` and ``toolchain targets show``."""

from typing import TYPE_CHECKING, Annotated

import typer

from toolchain.cli.console import print_json, print_table
from toolchain.cli.options import JsonOption

if TYPE_CHECKING:
    from toolchain.target import Target

EXAMPLE = "toolchain targets show stm32f405"

app = typer.Typer(help="List the boards this toolchain builds for, or show one.", epilog=f"Example: {EXAMPLE}")

#: What executes the image, by the kind of emulator.
_RUNS_ON = {"qemu": "QEMU", "rp2040js": "rp2040js", "labwired": "LabWired", "process": "this computer"}


@app.callback(invoke_without_command=True)
def targets(context: typer.Context, json: JsonOption = False) -> None:
    """List the boards this toolchain builds for; 'show' tells everything about one."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from toolchain.target import load_target, target_names

    if context.invoked_subcommand is not None:
        return
    boards = [load_target(name) for name in target_names()]
    if json:
        print_json([board.model_dump() for board in boards])
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("target", "core", "runs on", "what it is"):
        table.add_column(heading, overflow="fold")
    for board in boards:
        table.add_row(board.name, board.core, _runs_on(board), board.description)
    print_table(table)


@app.command(epilog=f"Example: {EXAMPLE}")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of those that 'toolchain targets' lists.")],
    json: JsonOption = False,
) -> None:
    """Show one board: memory, budgets, image, ways to flash and run it, and estimates of time and energy.

    Estimates are made from instructions that an emulator counted, at one instruction per clock cycle.
    """
    from dataclasses import asdict

    from toolchain.bench import ASSUMPTION, Table, estimate
    from toolchain.cli.target_page import print_page
    from toolchain.model_names import MODELS
    from toolchain.target import load_target

    board, table = load_target(name), Table.committed()
    estimates = [estimate(board, model, table) for model in MODELS]
    if json:
        rows = [row.model_dump() for row in table.rows if row.target == name] if table else []
        print_json(
            {
                **board.model_dump(),
                "measured": rows,
                "estimates": [asdict(item) for item in estimates],
                "estimates_assume": ASSUMPTION,
            }
        )
        return
    print_page(board, table, estimates)


def _runs_on(board: "Target") -> str:
    return _RUNS_ON[board.emulator.kind] if board.emulator else "the board"
