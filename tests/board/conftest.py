"""What the tests of emulated boards share."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def pcm() -> np.ndarray:
    """A twentieth of a second of noise: 800 samples, 7 AUDIO frames."""
    return (np.random.default_rng(0).normal(size=800) * 3000).astype(np.int16)
