"""Fixtures shared by all tests: real speech."""

from pathlib import Path

import numpy as np
import pytest

from toolchain.audio import installed_corpus, select_clips
from toolchain.errors import MissingToolError

#: Beside the checkout where the project is developed; a fresh machine has the installed recordings instead.
_CORPORA = Path(__file__).resolve().parents[2] / "shared" / "corpora"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--corpus", type=Path, help="folder of recordings to test with")


@pytest.fixture(scope="session")
def corpus_dir(request: pytest.FixtureRequest) -> Path:
    """A folder of real recordings: acted speech where it is present, else Debian's."""
    chosen: Path | None = request.config.getoption("--corpus")
    if chosen is not None or _CORPORA.is_dir():
        return chosen or _CORPORA
    try:
        return installed_corpus()
    except MissingToolError as error:
        pytest.skip(f"no speech recordings: {error.hint}")


@pytest.fixture(scope="session")
def speech_clips(corpus_dir: Path) -> list[np.ndarray]:
    """24 whole recordings of 1 to 5 s as int16 arrays at 16 kHz, the same ones in every run."""
    clips = [clip.pcm for clip in select_clips(corpus_dir, count=60).clips]
    return [pcm for pcm in clips if 16_000 <= len(pcm) <= 80_000][:24]
