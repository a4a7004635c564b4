"""Made-up recordings, and teachers that answer at once."""

import hashlib
from pathlib import Path

import numpy as np
import soundfile

from toolchain.teacher.base import Teacher

#: Short, so that hundreds of recordings take a second.
RATE = 16_000


class Meter(Teacher):
    """Answers with simple statistics of the sound; remembers the batches it heard."""

    kind = "meter"
    shortest = 400

    def __init__(self, name: str = "meter") -> None:
        self.identity = hashlib.sha256(name.encode()).hexdigest()
        self.batches: list[tuple[int, ...]] = []

    def annotate(self, signal):
        assert signal.dtype == np.float32 and np.abs(signal).max() <= 1
        self.batches.append(signal.shape)
        # The sum over the whole batch makes a row depend on its company, as a real teacher's last digits do.
        company = np.float32(np.abs(signal).sum() % 1)
        return np.stack([signal.std(axis=1), signal[:, 0] + company, np.abs(signal).max(axis=1)], axis=1)


def write(path: Path, samples: int, seed: int) -> Path:
    """A recording of noise; the same seed and length give the same samples in any format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(-3000, 3000, samples).astype(np.int16)
    soundfile.write(path, noise, RATE, subtype="PCM_16")
    return path
