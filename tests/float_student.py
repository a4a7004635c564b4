"""The bundled float students, for conversion tests: trained, so that activations and outputs have a real one's size."""

from collections.abc import Sequence

import numpy as np

from toolchain.model import checkpoint
from toolchain.model.students import Student
from toolchain.resources import student_dir


def signals(pcm: Sequence[np.ndarray]) -> list[np.ndarray]:
    """int16 recordings as float32 in -1..1."""
    return [clip.astype(np.float32) / 32768 for clip in pcm]


def float_student(model_name: str) -> Student:
    """A bundled student, ready to run."""
    return checkpoint.load(student_dir(model_name)).eval()
