"""The real firmware as a process, with the sanitizers watching it."""

from collections.abc import Iterator

import numpy as np
import pytest

from tests.builds import build_once, student_of
from toolchain.build import BuildResult
from toolchain.flash import open_board
from toolchain.link import timing
from toolchain.quantize.student import QuantizedStudent
from toolchain.target import load_target

MODEL = "wav2small-17k"


@pytest.fixture(scope="session")
def student() -> QuantizedStudent:
    return student_of(MODEL)


@pytest.fixture(scope="session")
def build() -> BuildResult:
    return build_once("host", MODEL, sanitized=True)


@pytest.fixture
def device(build: BuildResult) -> Iterator[str]:
    """The pseudo-terminal of freshly started firmware."""
    with open_board(load_target("host"), build.elf) as url:
        yield url


@pytest.fixture(scope="session")
def pcm() -> np.ndarray:
    """A tenth of a second of noise: 1600 samples, 13 AUDIO frames."""
    return (np.random.default_rng(0).normal(size=1600) * 3000).astype(np.int16)


@pytest.fixture
def patient(monkeypatch) -> None:
    """A host in no hurry to ask again: a busy computer is no faulty line, and no frame comes before a fault's place."""
    monkeypatch.setattr(timing, "SHORTEST_SILENCE", timing.LONGEST_SILENCE)
