"""The mean of several teachers; the paper's is that of wav2vec2 and WavLM."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from toolchain.teacher.base import Teacher


class EnsembleTeacher(Teacher):
    """Answers with the mean of its members' answers."""

    kind = "ensemble"

    def __init__(self, members: Sequence[Teacher]) -> None:
        self.members = tuple(members)
        self.shortest = max(member.shortest for member in members)
        counts = [member.parameters for member in members]
        self.parameters = None if None in counts else sum(count for count in counts if count is not None)
        names = "ensemble " + " ".join(sorted(member.identity for member in members))
        self.identity = hashlib.sha256(names.encode()).hexdigest()

    def annotate(self, signal: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map (B, N) samples in -1..1 at 16 kHz to (B, 3): arousal, dominance, valence."""
        answers = np.stack([member.annotate(signal) for member in self.members])
        return answers.mean(axis=0, dtype=np.float64).astype(np.float32)

    def use_bfloat16(self, wanted: bool = True) -> None:
        """Compute in bfloat16 from now on, or no longer, where a member can."""
        for member in self.members:
            member.use_bfloat16(wanted)
