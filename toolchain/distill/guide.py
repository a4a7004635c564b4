"""Whom a student follows: a teacher that hears the same crops, or labels that a teacher wrote beforehand."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toolchain.distill.acted import VALIDATION_SECONDS
from toolchain.distill.config import Config
from toolchain.distill.division import Division, Entry
from toolchain.distill.labelled import load_labelled
from toolchain.distill.lesson import consistent, own_targets
from toolchain.distill.recordings import Recordings, load_recordings
from toolchain.distill.train import Course
from toolchain.errors import UsageError
from toolchain.labels.table import read_labels
from toolchain.teacher.base import Teacher

Answers = NDArray[np.float32]


class Guide(ABC):
    """Makes the course a student takes, and knows the right answers of the speakers that are held out.

    Attributes:
        kind: Kind of teacher, or ``labels``.
        identity: Of the teacher, see :class:`toolchain.teacher.base.Teacher`; as much of it as was given.
    """

    kind: str
    identity: str

    @abstractmethod
    def course(self, division: Division, config: Config) -> Course:
        """Return what to learn from."""

    @abstractmethod
    def hear(self, entries: Iterable[Entry]) -> tuple[Recordings, Answers]:
        """Return recordings, whose targets are the corpus's own, and the right answers to them, (n, 3)."""


class TeacherGuide(Guide):
    """The teacher hears every crop as the student does."""

    def __init__(self, teacher: Teacher) -> None:
        self.teacher = teacher
        self.kind, self.identity = teacher.kind, teacher.identity

    def course(self, division: Division, config: Config) -> Course:
        """Return random crops with the teacher's answers to them."""
        validation = load_recordings(division.validation, trim=True).loudest(VALIDATION_SECONDS)
        return Course(
            load_recordings(division.train, trim=True),
            consistent(self.teacher, config.precision),
            answered(self.teacher, validation),
        )

    def hear(self, entries: Iterable[Entry]) -> tuple[Recordings, Answers]:
        """Return whole recordings without the silence around the speech."""
        recordings = load_recordings(entries, trim=True)
        return recordings, answered(self.teacher, recordings).targets


class LabelGuide(Guide):
    """A crop of a labelled window has the window's label.

    Args:
        path: File that ``toolchain label`` wrote.
        teacher: How the identity of one of its teachers begins; None where it has one only.
    """

    kind = "labels"

    def __init__(self, path: Path, teacher: str | None = None) -> None:
        self._labels = read_labels(path, teacher)
        self.identity = teacher or path.name

    def course(self, division: Division, config: Config) -> Course:
        """Return random crops of labelled windows."""
        return Course(
            load_labelled(division.train, self._labels), own_targets, load_labelled(division.validation, self._labels)
        )

    def hear(self, entries: Iterable[Entry]) -> tuple[Recordings, Answers]:
        """Return labelled windows; of a window, the corpus itself says nothing."""
        windows = load_labelled(entries, self._labels)
        unknown = np.full_like(windows.targets, np.nan)
        return Recordings(windows.pcm, unknown, windows.corpora), windows.targets


def choose_guide(teacher: Teacher | None, labels: Path | None, labeller: str | None = None) -> Guide:
    """Return whom to follow.

    Raises:
        UsageError: Neither or both are given, or the labels cannot be used.
    """
    if (teacher is None) == (labels is None):
        raise UsageError("A student follows a teacher or labels, and not both.", "Give --teacher or --labels.")
    return TeacherGuide(teacher) if teacher is not None else LabelGuide(labels or Path(), labeller)


def answered(teacher: Teacher, recordings: Recordings) -> Recordings:
    """Return the recordings with the teacher's answers as targets."""
    answers = [teacher.annotate(_signal(pcm, teacher.shortest)) for pcm in recordings.pcm]
    return Recordings(recordings.pcm, np.concatenate(answers), recordings.corpora)


def _signal(pcm: NDArray[np.int16], shortest: int) -> NDArray[np.float32]:
    """PCM as (1, N) in -1..1; what is too short for the teacher is repeated."""
    if len(pcm) < shortest:
        pcm = np.resize(pcm, shortest)
    return pcm[np.newaxis].astype(np.float32) / np.float32(32768)
