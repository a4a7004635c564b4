"""What every teacher is."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray


class Teacher(ABC):
    """One interface: waveform at 16 kHz -> arousal, dominance, valence.

    Attributes:
        kind: Short name of the family, e.g. ``wav2vec2``.
        identity: Hex SHA-256 over the kind, what matters of the configuration, and the weights; keys labels.
        shortest: Fewest samples it can hear.
        parameters: How many it has; None where its format does not tell.
    """

    kind: str
    identity: str
    shortest: int
    parameters: int | None = None

    @abstractmethod
    def annotate(self, signal: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map (B, N) samples in -1..1 at 16 kHz to (B, 3): arousal, dominance, valence, roughly 0..1."""

    def use_bfloat16(self, wanted: bool = True) -> None:  # noqa: B027 (most teachers have no other type to offer)
        """Compute in bfloat16 from now on, or no longer, if the teacher can: faster, for a student in training."""
