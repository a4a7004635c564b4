"""Distillation of one student: from recordings and a teacher, or from recordings and a teacher's labels."""

import dataclasses
from pathlib import Path

import numpy as np
import torch

from toolchain.distill.acted import VALIDATION_SECONDS
from toolchain.distill.config import Averaging, Config, Precision
from toolchain.distill.corpus import read_split
from toolchain.distill.initialise import initialise
from toolchain.distill.lesson import consistent
from toolchain.distill.processes import Processes
from toolchain.distill.recordings import Recordings, load_recordings
from toolchain.distill.train import Course, OnStep, train
from toolchain.errors import UsageError
from toolchain.model import checkpoint
from toolchain.model.network import Network
from toolchain.model.students import create
from toolchain.model_names import ALL_STUDENTS, MODELS
from toolchain.teacher.base import Teacher

#: Of the two that reach a board; the last epochs go through int8 rounding.
_RECIPE = Config(
    model="",
    epochs=30,
    fake_quant_epochs=6,
    learning_rate=4e-3,
    weight_decay=1e-2,
    averaging=Averaging.EMA,
    crop_seconds=(1.0, 2.5),
    augment=0.4,
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
    teacher: Teacher,
    out: Path,
    processes: Processes,
    on_step: OnStep = lambda done, total: None,
    workers: int = 0,
) -> Network:
    """Train a student to answer as ``teacher`` does to the same sound, and write it to ``out``.

    No label of the corpus is used, neither in training nor in choosing the epoch.

    Args:
        config: The recipe.
        corpus: Folder of corpora, see :func:`toolchain.distill.corpus.read_split`.
        teacher: Whom to follow.
        out: Folder to write to, made if absent; see :func:`toolchain.distill.train.train`.
        processes: Those that train together.
        on_step: Progress callback.
        workers: Processes that make batches ahead.

    Returns:
        The student of the best epoch.

    Raises:
        UsageError: The corpus cannot be used, or ``out`` holds a run with another configuration.
    """
    split = read_split(corpus)
    validation = load_recordings(split.validation, trim=True).loudest(VALIDATION_SECONDS)
    # The teacher judges validation at full precision, and teaches at the recipe's.
    judged = answered(teacher, validation)
    if config.precision is Precision.BFLOAT16:
        teacher.use_bfloat16()
    course = Course(load_recordings(split.train, trim=True), consistent(teacher), judged)
    torch.manual_seed(config.seed)
    student = create(config.model)
    initialise(student)
    train(student, course, config, out, processes, on_step, workers)
    return checkpoint.load(out)


def answered(teacher: Teacher, recordings: Recordings) -> Recordings:
    """Return the recordings with the teacher's answers as targets."""
    answers = [teacher.annotate(_signal(pcm, teacher.shortest)) for pcm in recordings.pcm]
    return Recordings(recordings.pcm, np.concatenate(answers), recordings.corpora)


def _signal(pcm: np.ndarray, shortest: int) -> np.ndarray:
    """PCM as (1, N) in -1..1; what is too short for the teacher is repeated."""
    if len(pcm) < shortest:
        pcm = np.resize(pcm, shortest)
    return pcm[np.newaxis].astype(np.float32) / np.float32(32768)
