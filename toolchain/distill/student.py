"""Distillation of one student."""

import dataclasses
from pathlib import Path

import torch

from toolchain.distill.config import Config, Precision
from toolchain.distill.division import divide
from toolchain.distill.guide import Guide
from toolchain.distill.initialise import initialise
from toolchain.distill.processes import Processes
from toolchain.distill.train import OnStep, train
from toolchain.errors import UsageError
from toolchain.model import checkpoint
from toolchain.model.network import Network
from toolchain.model.students import create
from toolchain.model_names import ALL_STUDENTS, MODELS

#: Of the two that reach a board; the last epochs go through int8 rounding.
_RECIPE = Config(
    model="",
    epochs=45,
    fake_quant_epochs=6,
    crop_seconds=(1.0, 2.5),
    augment=0.4,
    speed=0.25,
    mixup=0.3,
    precision=Precision.BFLOAT16,
)

#: Of the others: nothing is rounded, and a hundred times the parameters want a smaller rate and more decay.
_LARGER = dataclasses.replace(_RECIPE, fake_quant_epochs=0, learning_rate=1e-3, weight_decay=5e-2)


def recipe(model: str) -> Config:
    """Return the recipe of a student.

    Raises:
        UsageError: There is no such student.
    """
    if model in MODELS:
        return dataclasses.replace(_RECIPE, model=model)
    if model in ALL_STUDENTS:
        return dataclasses.replace(_LARGER, model=model)
    raise UsageError(f"There is no model named {model!r}.", f"Choose one of {', '.join(ALL_STUDENTS)}.")


def distill(
    config: Config,
    corpus: Path,
    guide: Guide,
    out: Path,
    processes: Processes,
    on_step: OnStep = lambda done, total: None,
    workers: int = 0,
) -> Network:
    """Train a student to answer as its guide does, and write it to ``out``.

    Nothing that people or the corpus say of a recording is used, neither in training nor in choosing the epoch.

    Args:
        config: The recipe.
        corpus: See :func:`toolchain.distill.division.divide`.
        guide: Whom to follow.
        out: Folder to write to, made if absent; see :func:`toolchain.distill.train.train`.
        processes: Those that train together.
        on_step: Progress callback.
        workers: Processes that make batches ahead.

    Returns:
        The student of the best epoch.

    Raises:
        UsageError: The corpus cannot be used, or ``out`` holds a run with another configuration.
    """
    course = guide.course(divide(corpus), config)
    torch.manual_seed(config.seed)
    student = create(config.model)
    initialise(student)
    train(student, course, config, out, processes, on_step, workers)
    return checkpoint.load(out)
