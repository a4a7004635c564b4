"""Published outputs of published teachers, to check a loaded copy with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolchain.teacher.base import Teacher

#: A copy that computes the same in another order or on another device differs by less. Neither input can tell whether
#: a copy normalises what it hears: silence stays silence, and the noise has unit variance already.
TOLERANCE = 1e-3

#: Arousal, dominance, valence. Silence: model card of audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim. Noise:
#: notebook of github.com/audeering/w2v2-how-to, from the ONNX form of the same weights (Zenodo record 6221127).
_AUDEERING = {
    "1 s of silence": (0.5460754, 0.6062266, 0.40431657),
    "1 s of noise": (0.6563389, 0.630771, 0.4762332),
}
_PUBLISHED = {"wav2vec2": _AUDEERING, "onnx": _AUDEERING}


@dataclass(frozen=True)
class Answer:
    """What a teacher says to one input, and what was published; None where nothing was."""

    sound: str
    given: tuple[float, ...]
    published: tuple[float, ...] | None

    @property
    def differences(self) -> tuple[float, ...]:
        """How far each dimension is from what was published; empty where nothing was."""
        if self.published is None:
            return ()
        return tuple(given - published for given, published in zip(self.given, self.published, strict=True))

    @property
    def difference(self) -> float:
        """Largest difference of a dimension, without its sign; 0 where nothing was published."""
        return max(map(abs, self.differences), default=0.0)

    @property
    def agrees(self) -> bool:
        """Whether it is what was published, as far as something was."""
        return self.difference <= TOLERANCE


def check(teacher: Teacher) -> list[Answer]:
    """Let ``teacher`` hear the inputs whose outputs are published for its kind."""
    published = _PUBLISHED.get(teacher.kind, {})
    return [
        Answer(sound, tuple(float(x) for x in teacher.annotate(signal)[0]), published.get(sound))
        for sound, signal in _sounds().items()
    ]


def _sounds() -> dict[str, NDArray[np.float32]]:
    noise = np.random.RandomState(0).normal(size=16_000)
    return {
        "1 s of silence": np.zeros((1, 16_000), dtype=np.float32),
        "1 s of noise": noise[np.newaxis].astype(np.float32),
    }
