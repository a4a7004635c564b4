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
    """Compare a teacher's answers with the published ones of its kind, and name its identity.

    Published are those of audEERING's wav2vec2, also as ONNX, to one second of silence and one of noise.
    """
    from toolchain.extras import require

    teacher = require("toolchain.teacher.load", "train").load(specs, device)
    checking = require("toolchain.teacher.check", "train")
    answers = checking.check(teacher)
    if json:
        print_json(
            {
                "kind": teacher.kind,
                "identity": teacher.identity,
                "parameters": teacher.parameters,
                "answers": [_record(answer) for answer in answers],
            }
        )
    else:
        print_table(_table(answers))
        stdout.print(_description(teacher, answers), markup=False)
    wrong = [answer for answer in answers if not answer.agrees]
    if wrong:
        raise ParityError(
            f"The teacher's answers to {wrong[0].sound} are not the published ones (off by {wrong[0].difference:.4f}, "
            f"tolerance {wrong[0].published.tolerance}).",
            "Fetch its files again, and check that they are of the kind and version that was named.",
        )


def _description(teacher: Any, answers: list[Any]) -> str:
    count = "not told by its format" if teacher.parameters is None else f"{teacher.parameters:,}"
    lines = [f"kind        {teacher.kind}", f"identity    {teacher.identity}", f"parameters  {count}"]
    if not any(answer.published for answer in answers):
        lines.append(f"No answers are published for this teacher of kind {teacher.kind}: there is nothing to compare.")
    return "\n".join(lines)


def _record(answer: Any) -> dict[str, Any]:
    return {
        "sound": answer.sound,
        "given": answer.given,
        "published": answer.published.answer if answer.published else None,
        "difference": answer.difference if answer.published else None,
        "tolerance": answer.published.tolerance if answer.published else None,
    }


def _table(answers: list[Any]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("heard", "", *DIMENSIONS):
        table.add_column(title, justify="left" if title in ("heard", "") else "right")
    for answer in answers:
        table.add_row(answer.sound, "answer", *(f"{x:.5f}" for x in answer.given))
        if answer.published:
            table.add_row("", "published", *(f"{x:.5f}" for x in answer.published.answer))
            table.add_row("", "difference", *(f"{x:+.5f}" for x in answer.differences))
            table.add_row("", "tolerance", *(f"{answer.published.tolerance:.5f}",) * len(DIMENSIONS))
    return table
