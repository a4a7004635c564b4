"""Signals at the ends of what 16 bits hold."""

import numpy as np


def extreme_signals(samples: int = 4000) -> dict[str, np.ndarray]:
    """PCM16 windows by name: silence, constants, full-scale noise, a clipped tone and a click."""
    rng = np.random.default_rng(0)
    return {
        "silence": np.zeros(samples, np.int16),
        "top": np.full(samples, 32767, np.int16),
        "bottom": np.full(samples, -32768, np.int16),
        "noise": rng.integers(-32768, 32768, samples).astype(np.int16),
        "clipped tone": (32767 * np.sign(np.sin(np.arange(samples) * 0.37))).astype(np.int16),
        "one click": np.eye(1, samples, samples // 2, dtype=np.int16)[0] * 32767,
    }
