"""Options that the verbs which train share."""

from pathlib import Path
from typing import Annotated

import typer

CorporaArgument = Annotated[
    Path,
    typer.Argument(
        metavar="CORPUS", help="Folder with ravdess/ and nemo/, each with its metadata.csv.", show_default=False
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
        help="Whom a student follows: acted (bundled, needs no download; the default), KIND:FOLDER or KIND:HUB_ID. "
        "Repeat it for the mean of several.",
    ),
]
