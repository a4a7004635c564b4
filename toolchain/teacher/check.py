"""Published outputs of published teachers, to check a loaded copy with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolchain.teacher.base import Teacher
from toolchain.teacher.onnx import OnnxTeacher

#: A copy that computes the same in another order or on another device differs by less.
TOLERANCE = 1e-3
#: The answer to noise was published for the ONNX form, which hears it as it is. The other form hears it normalised,
#: which takes away 1 % of its power: 0.0015 on a network of that size with random weights.
NORMALISED_TOLERANCE = 1e-2

SILENCE, NOISE = "1 s of silence", "1 s of noise"


@dataclass(frozen=True)
class Published:
    """Arousal, dominance and valence as published, and how far another copy may be from them."""

    answer: tuple[float, ...]
    tolerance: float


#: Of the model card of audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim, made with transformers.
_SILENCE = (0.5460754, 0.6062266, 0.40431657)
#: Of the notebook in github.com/audeering/w2v2-how-to, made with audonnx.
_NOISE = (0.6563389, 0.630771, 0.4762332)
_PUBLISHED = {
    "wav2vec2": {SILENCE: Published(_SILENCE, TOLERANCE), NOISE: Published(_NOISE, NORMALISED_TOLERANCE)},
    "audonnx": {SILENCE: Published(_SILENCE, TOLERANCE), NOISE: Published(_NOISE, TOLERANCE)},
}


@dataclass(frozen=True)
class Answer:
    """What a teacher says to one input, and what was published; None where nothing was."""

    sound: str
    given: tuple[float, ...]
    published: Published | None

    @property
    def differences(self) -> tuple[float, ...]:
        """How far each dimension is from what was published; empty where nothing was."""
        if self.published is None:
            return ()
        return tuple(given - there for given, there in zip(self.given, self.published.answer, strict=True))

    @property
    def difference(self) -> float:
        """Largest difference of a dimension, without its sign; 0 where nothing was published."""
        return max(map(abs, self.differences), default=0.0)

    @property
    def agrees(self) -> bool:
        """Whether it is what was published, as far as something was."""
        return self.published is None or self.difference <= self.published.tolerance


def check(teacher: Teacher) -> list[Answer]:
    """Let ``teacher`` hear the inputs whose outputs are published for its kind."""
    published = _PUBLISHED.get(_form(teacher), {})
    return [
        Answer(sound, tuple(float(x) for x in teacher.annotate(signal)[0]), published.get(sound))
        for sound, signal in _sounds().items()
    ]


def _form(teacher: Teacher) -> str:
    """The kind; of ONNX files only audEERING's own has published answers."""
    return "audonnx" if isinstance(teacher, OnnxTeacher) and teacher.is_audonnx else teacher.kind


def _sounds() -> dict[str, NDArray[np.float32]]:
    noise = np.random.RandomState(0).normal(size=16_000)
    return {
        SILENCE: np.zeros((1, 16_000), dtype=np.float32),
        NOISE: noise[np.newaxis].astype(np.float32),
    }
