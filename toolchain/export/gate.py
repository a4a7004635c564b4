"""The gates of the export: a converted model that answers differently is not written."""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from toolchain.errors import BuildError
from toolchain.model_names import SAMPLE_RATE

#: Seconds; 0.2 s gives fewer than 13 rows of the 72k's attention, 5 s is the paper's clip.
PROBE_SECONDS = (0.2, 1.0, 2.5, 5.0)


def check_outputs(
    what: str, actual: NDArray[np.float32], expected: NDArray[np.float32], tolerance: float
) -> float:
    """Return the largest absolute difference of two arrays of one shape.

    Args:
        what: The two sides, for the message: "ONNX Runtime and torch".
        actual: Outputs of the converted model.
        expected: Outputs of the model it was converted from.
        tolerance: Largest difference allowed.

    Raises:
        BuildError: The shapes differ, the difference exceeds ``tolerance``, or an output is not a number.
    """
    if actual.shape != expected.shape:
        raise BuildError(f"{what} give outputs of different shapes, {actual.shape} and {expected.shape}")
    difference = float(np.abs(actual.astype(np.float64) - expected).max())
    # Written so that NaN fails too.
    if not difference <= tolerance:
        raise BuildError(
            f"{what} differ by {difference:.2g}, more than the {tolerance:g} allowed",
            "the conversion is wrong and nothing was written; check the versions of the extra 'convert'",
        )
    return difference


def probe_signals(
    clips: Sequence[NDArray[np.float32]] = (), seconds: Sequence[float] = PROBE_SECONDS
) -> list[NDArray[np.float32]]:
    """Return what a gate listens to: every clip and every length at least once, clips cut or repeated to fit.

    Args:
        clips: Recorded speech in -1..1 at 16 kHz; without any, a synthetic voice is used.
        seconds: Lengths in seconds.
    """
    sources = list(clips) or [synthetic_voice()]
    count = max(len(sources), len(seconds))
    pairs = itertools.islice(zip(itertools.cycle(sources), itertools.cycle(seconds), strict=False), count)
    return [np.resize(clip, round(length * SAMPLE_RATE)) for clip, length in pairs]


def synthetic_voice(seconds: float = 5.0, seed: int = 0) -> NDArray[np.float32]:
    """Return a gliding harmonic tone with syllables, pauses and noise: float32 in -1..1 at 16 kHz."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    pitch = 140.0 + 40.0 * np.sin(2 * np.pi * 0.7 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    harmonics = sum(np.sin(k * phase) / k for k in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * 3.0 * time), 0.0, None)
    noise = np.random.default_rng(seed).standard_normal(time.size)
    return np.asarray(0.2 * harmonics * syllables + 0.003 * noise, dtype=np.float32)
