"""``toolchain teacher``: train one that needs no download, check one that was published."""

from typing import Annotated, Any

import typer
from rich.table import Table

from toolchain.cli import teacher_train
from toolchain.cli.console import print_json, print_table, stdout
from toolchain.cli.options import JsonOption
from toolchain.cli.training import DeviceOption
from toolchain.errors import ParityError
from toolchain.model_names import DIMENSIONS

app = typer.Typer(no_args_is_help=True, help="Train a teacher that needs no download, or check a published one.")
app.command(epilog=f"Example: {teacher_train.EXAMPLE}")(teacher_train.train)


@app.command(epilog="Example: toolchain teacher check wav2vec2:FOLDER")
def check(
    specs: Annotated[
        list[str],
        typer.Argument(
            metavar="SPEC...", help="KIND:FOLDER, KIND:HUB_ID or acted; of several, the mean.", show_default=False
        ),
    ],
    device: DeviceOption = "cpu",
    json: JsonOption = False,
) -> None:
    """Compare a teacher's answers with the published ones of its kind, and name its identity."""
    from toolchain.extras import require

    teacher = require("toolchain.teacher.load", "train").load(specs, device)
    checking = require("toolchain.teacher.check", "train")
    answers = checking.check(teacher)
    if json:
        print_json({"kind": teacher.kind, "identity": teacher.identity, "answers": [_record(a) for a in answers]})
    else:
        print_table(_table(answers))
        stdout.print(f"kind      {teacher.kind}\nidentity  {teacher.identity}", markup=False)
    wrong = [answer for answer in answers if not answer.agrees]
    if wrong:
        raise ParityError(
            f"The teacher's answers to {wrong[0].sound} are not the published ones (off by {wrong[0].difference:.4f}).",
            "Fetch its files again, and check that they are of the kind and version that was named.",
        )


def _record(answer: Any) -> dict[str, Any]:
    return {
        "sound": answer.sound,
        "given": answer.given,
        "published": answer.published,
        "difference": answer.difference if answer.published else None,
    }


def _table(answers: list[Any]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("heard", "", *DIMENSIONS):
        table.add_column(title, justify="left" if title in ("heard", "") else "right")
    for answer in answers:
        table.add_row(answer.sound, "answer", *(f"{x:.5f}" for x in answer.given))
        if answer.published:
            table.add_row("", "published", *(f"{x:.5f}" for x in answer.published))
        else:
            table.add_row("", "published", *("none",) * len(DIMENSIONS))
    return table
