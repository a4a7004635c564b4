"""Speech for boards that are measured."""

from pathlib import Path

import pytest

from toolchain.audio import Selection, select_clips


@pytest.fixture(scope="session")
def one_clip(corpus_dir: Path) -> Selection:
    """A second of a recording."""
    return Selection(select_clips(corpus_dir, count=1, seconds=1.0).clips[:1], ())
