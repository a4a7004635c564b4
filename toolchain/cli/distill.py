"""``toolchain distill``."""

from typing import Annotated

import typer

from toolchain.cli.console import progress, stdout
from toolchain.cli.export import FolderOption
from toolchain.cli.training import (
    CorporaArgument,
    DeviceOption,
    EpochsOption,
    LabellerOption,
    LabelsOption,
    RecipeOption,
    SeedOption,
    TeacherOption,
    ThreadsOption,
    WorkersOption,
    open_guide,
)
from toolchain.model_names import MODELS

EXAMPLE = "toolchain distill corpora/ --model wav2small-17k --out my-student"


def distill(
    corpus: CorporaArgument,
    out: FolderOption,
    model: Annotated[str, typer.Option("--model", "-m", metavar="NAME", help="Which student to train.")] = MODELS[0],
    teacher: TeacherOption = None,
    labels: LabelsOption = None,
    labeller: LabellerOption = None,
    recipe: RecipeOption = None,
    epochs: EpochsOption = None,
    seed: SeedOption = None,
    threads: ThreadsOption = None,
    device: DeviceOption = "auto",
    workers: WorkersOption = 0,
) -> None:
    """Train a student to answer as a teacher does; needs the extra 'train'.

    An interrupted run goes on after its last whole epoch when the same command is given again. Several processes
    train together under torchrun.
    """
    from toolchain.distill.recipe import read_recipe
    from toolchain.extras import require
    from toolchain.locks import locked

    students = require("toolchain.distill.student", "train")
    processes = require("toolchain.distill.processes", "train")
    config = read_recipe(students.recipe(model), recipe, {"epochs": epochs, "seed": seed, "threads": threads})
    guide = open_guide(teacher, labels, labeller)
    with processes.joined(device) as process, progress(f"distilling {model}", None) as bar:
        # The processes of one run share its folder; the first one holds it for all.
        with locked(out if process.leads else None):
            students.distill(config, corpus, guide, out, process, on_step=bar.at, workers=workers)
            if process.leads:
                require("toolchain.distill.card", "train").write_student_card(out, corpus, guide)
        if process.leads:
            following = f"quantize {out} --out {out}" if model in MODELS else f"evaluate {out} --corpus {corpus}"
            stdout.print(f"{model}: distilled, in {out}; next: toolchain {following}", markup=False)
