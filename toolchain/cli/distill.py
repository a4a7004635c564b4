"""``toolchain distill``."""

from pathlib import Path
from typing import Annotated

import typer

from toolchain.cli.console import progress, stdout
from toolchain.cli.export import FolderOption
from toolchain.model_names import MODELS

EXAMPLE = "toolchain distill corpora/ --model wav2small-17k --out my-student"


def distill(
    corpus: Annotated[
        Path,
        typer.Argument(
            metavar="CORPUS", help="Folder with ravdess/ and nemo/, each with its metadata.csv.", show_default=False
        ),
    ],
    out: FolderOption,
    model: Annotated[str, typer.Option("--model", "-m", metavar="NAME", help="Which student to train.")] = MODELS[0],
    epochs: Annotated[int, typer.Option(min=1, metavar="N", help="Passes over the recordings.")] = 36,
    seed: Annotated[int, typer.Option(metavar="N", help="Of everything random.")] = 1,
    threads: Annotated[int, typer.Option(min=1, metavar="N", help="Of torch; changes the result's last digits.")] = 1,
) -> None:
    """Train a student on acted speech towards emotion-derived targets; needs the extra 'train'.

    An interrupted run goes on after its last whole epoch when the same command is given again.
    """
    from toolchain.extras import require

    config = require("toolchain.distill.config", "train").Config(model=model, epochs=epochs, seed=seed, threads=threads)
    training = require("toolchain.distill.train", "train")
    with progress(f"training {model}", None) as bar:
        training.train(config, corpus, out, on_step=bar.at)
    stdout.print(f"{model}: trained, in {out}; next: toolchain quantize {out} --out {out}", markup=False)
