"""What a network is to answer: a teacher's outputs for the very sound it hears, or targets that recordings carry."""

from collections.abc import Callable

import torch
from torch import Tensor

from toolchain.distill.batches import Batch
from toolchain.distill.config import Precision
from toolchain.teacher.base import Teacher

#: Maps a batch to its targets (B, 3).
Lesson = Callable[[Batch], Tensor]


def own_targets(batch: Batch) -> Tensor:
    """Return what the recordings carry: ratings of emotion words, or a teacher's labels."""
    return batch.target


def consistent(teacher: Teacher, precision: Precision) -> Lesson:
    """Return a lesson in which teacher and student hear the same augmented crop.

    Beyer et al., "Knowledge distillation: A good teacher is patient and consistent", arXiv 2106.05237.

    Args:
        teacher: Who answers.
        precision: Type to compute its lessons in; whatever else it is asked, it answers at full precision.
    """

    def answer(batch: Batch) -> Tensor:
        teacher.use_bfloat16(precision is Precision.BFLOAT16)
        try:
            return torch.from_numpy(teacher.annotate(batch.signal.numpy()))
        finally:
            teacher.use_bfloat16(False)

    return answer
