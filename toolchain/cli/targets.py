"""``toolchain targets``."""

from toolchain.cli.console import print_json, stdout
from toolchain.cli.options import JsonOption

EXAMPLE = "toolchain targets --json"

#: What executes the image, by the kind of emulator.
_RUNS_ON = {
    "labwired": "LabWired",
    "process": "this computer",
    "qemu": "QEMU",
    "rp2040js": "rp2040js",
    None: "the board",
}


def targets(json: JsonOption = False) -> None:
    """List the boards this toolchain builds for."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from toolchain.target import load_target, target_names

    boards = [load_target(name) for name in target_names()]
    if json:
        print_json([board.model_dump() for board in boards])
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("target", "core", "runs on", "what it is"):
        table.add_column(heading)
    for board in boards:
        runs_on = _RUNS_ON[board.emulator.kind if board.emulator else None]
        table.add_row(board.name, board.core, runs_on, board.description)
    stdout.print(table)
