"""Options that the verbs which train share."""

from pathlib import Path
from typing import Annotated, Any

import typer

from toolchain.extras import require

CorporaArgument = Annotated[
    Path,
    typer.Argument(
        metavar="CORPUS",
        help="Folder of recordings, MSP-Podcast or IEMOCAP as they come, corpora with metadata.csv, or a manifest.",
        show_default=False,
    ),
]
RecipeOption = Annotated[
    Path | None,
    typer.Option("--recipe", "-r", metavar="FILE", help="TOML file with fields of the recipe; see docs/distilling.md."),
]
EpochsOption = Annotated[int | None, typer.Option("--epochs", min=1, metavar="N", help="Passes over the recordings.")]
SeedOption = Annotated[int | None, typer.Option("--seed", metavar="N", help="Of everything random.")]
ThreadsOption = Annotated[
    int | None, typer.Option("--threads", min=1, metavar="N", help="Of torch; changes the result's last digits.")
]
DeviceOption = Annotated[
    str, typer.Option("--device", metavar="NAME", help="cpu, cuda, or auto: a GPU if there is one.")
]
WorkersOption = Annotated[
    int, typer.Option("--workers", min=0, metavar="N", help="Processes that make batches ahead; changes no result.")
]
TeacherOption = Annotated[
    list[str] | None,
    typer.Option(
        "--teacher",
        "-T",
        metavar="SPEC",
        help="Who answers: acted (bundled, needs no download; the default), KIND:FOLDER or KIND:HUB_ID. "
        "Repeat it for the mean of several.",
    ),
]
LabelsOption = Annotated[
    Path | None,
    typer.Option(
        "--labels", "-l", metavar="FILE", help="Follow what 'toolchain label' wrote, instead of a teacher at hand."
    ),
]
LabellerOption = Annotated[
    str | None,
    typer.Option("--labeller", metavar="ID", help="How its teacher's identity begins, if the file has several."),
]


def open_guide(teacher: list[str] | None, labels: Path | None, labeller: str | None) -> Any:
    """Return whom to follow: labels, the teachers named, or the bundled one.

    Raises:
        UsageError: Both are given, or what is given cannot be used.
        MissingToolError: The extra ``train`` is not installed.
    """
    specs = teacher or ([] if labels else ["acted"])
    whom = require("toolchain.teacher.load", "train").load(specs) if specs else None
    return require("toolchain.distill.guide", "train").choose_guide(whom, labels, labeller)
