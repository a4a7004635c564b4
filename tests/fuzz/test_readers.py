"""Hostile files: a sentence or the right value comes out, within bounds of time and memory."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.long_run import SECONDS
from tests.fuzz.readers.reader import Reader
from tests.fuzz.readers.table import READERS

_ROOT = Path(__file__).resolve().parents[2]
_PATIENCE = 300


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_a_hostile_file_is_refused_by_a_sentence_or_read(reader: Reader, capsys) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", "tests.fuzz.readers.try_reader", reader.name],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=None if SECONDS else _PATIENCE,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    if SECONDS:
        with capsys.disabled():
            print(f"\n{reader.name}: {int(done.stdout):,} files")
