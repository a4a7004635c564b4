"""Fixtures shared by all tests: real speech, and a corpus small enough to train on in seconds."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, settings

from toolchain.audio import installed_corpus, select_clips
from toolchain.errors import MissingToolError

#: Beside the checkout where the project is developed; a fresh machine has the installed recordings instead.
_CORPORA = Path(__file__).resolve().parents[2] / "shared" / "corpora"

# A busy computer is slow, which is no finding; and the inputs are the same in every run, so that one fails for what was
# changed. `pytest --hypothesis-profile=default` tries new ones.
settings.register_profile("tests", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


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


EMOTIONS = {"neutral": 110, "angry": 220, "sad": 90, "happy": 260}


@pytest.fixture(scope="session")
def tiny_corpus(tmp_path_factory) -> Path:
    """Buzzing tones whose pitch tells the emotion, by three training, one validation and one test speaker."""
    root = tmp_path_factory.mktemp("corpora")
    folder = root / "ravdess"
    folder.mkdir()
    rng = np.random.default_rng(0)
    lines = ["file,emotion,intensity,actor"]
    for actor in (1, 2, 3, 19, 21):
        for emotion, pitch in EMOTIONS.items():
            name = f"{actor}-{emotion}.wav"
            soundfile.write(folder / name, buzz(pitch * rng.uniform(0.9, 1.1), rng), 16_000)
            lines.append(f"{name},{emotion},strong,{actor}")
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n")
    return root


def buzz(pitch: float, rng: np.random.Generator, seconds: float = 0.4) -> np.ndarray:
    """Harmonics of ``pitch`` Hz with some noise, at 16 kHz."""
    time = np.arange(int(16_000 * seconds)) / 16_000
    tone = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 20))
    return 0.1 * tone + 0.01 * rng.standard_normal(len(time))
