"""``toolchain teacher train``."""

from pathlib import Path
from typing import Annotated

import typer

from toolchain.cli.console import progress, stdout
from toolchain.cli.export import FolderOption
from toolchain.cli.training import (
    DeviceOption,
    EpochsOption,
    RecipeOption,
    SeedOption,
    ThreadsOption,
    WorkersOption,
)

EXAMPLE = "toolchain teacher train corpora/ --out my-teacher"


def train(
    corpus: Annotated[
        Path,
        typer.Argument(
            metavar="CORPUS", help="Folder with ravdess/ and nemo/, each with its metadata.csv.", show_default=False
        ),
    ],
    out: FolderOption,
    members: Annotated[int | None, typer.Option("--members", min=1, metavar="N", help="Networks to average.")] = None,
    recipe: RecipeOption = None,
    epochs: EpochsOption = None,
    seed: SeedOption = None,
    threads: ThreadsOption = None,
    device: DeviceOption = "auto",
    workers: WorkersOption = 0,
) -> None:
    """Train a teacher that needs no download, on acted speech towards ratings of emotion words.

    An interrupted run goes on when the same command is given again. Use it with --teacher acted:FOLDER.
    """
    from toolchain.distill.recipe import read_recipe
    from toolchain.extras import require
    from toolchain.locks import locked

    acted = require("toolchain.distill.acted", "train")
    config = read_recipe(acted.RECIPE, recipe, {"epochs": epochs, "seed": seed, "threads": threads})
    count = members or acted.MEMBERS
    with require("toolchain.distill.processes", "train").joined(device) as process, progress("training", None) as bar:
        # The processes of one run share its folder; the first one holds it for all.
        with locked(out if process.leads else None):
            acted.train_acted_teacher(config, corpus, out, process, count, on_step=bar.at, workers=workers)
            if process.leads:
                folders = acted.member_folders(config, out, count)
                require("toolchain.distill.card", "train").write_teacher_card(out, corpus, folders)
        if process.leads:
            stdout.print(
                f"teacher: trained, in {out}; next: toolchain distill CORPUS --teacher acted:{out}", markup=False
            )
