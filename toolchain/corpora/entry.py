"""What every corpus is, whatever its layout: an ordered list of recordings."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from toolchain.errors import UsageError
from toolchain.files import MOST_LIST, open_bounded, stays_inside


class Split(StrEnum):
    """What a corpus says a recording is for."""

    NONE = ""
    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


@dataclass(frozen=True)
class CorpusEntry:
    """One recording.

    Attributes:
        path: Where it lies. It need not exist: a corpus may list what was never copied.
        name: Its path within the corpus, with slashes.
        speaker: Who speaks, unique within the corpus; empty where that is not known.
        split: The corpus's own division, a hint.
        corpus: Which of several corpora in one folder it belongs to.
        reference: Arousal, dominance and valence as people rated them, scaled to 0..1; to report against,
            never to train on.
        acted: The emotion that an actor was asked for, and its intensity; empty where that is not known.
    """

    path: Path
    name: str
    speaker: str = ""
    split: Split = Split.NONE
    corpus: str = ""
    reference: tuple[float, float, float] | None = None
    acted: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Corpus:
    """Recordings in a fixed order, and the name of the layout they were found in."""

    layout: str
    entries: tuple[CorpusEntry, ...]

    def __iter__(self) -> Iterator[CorpusEntry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


def inside(folder: Path, name: str, source: Path) -> Path:
    """Return the path of ``name`` in ``folder``, links followed only as far as they stay there.

    Args:
        folder: Where the recordings of a list lie.
        name: What the list says.
        source: The list, for the message.

    Raises:
        UsageError: ``name`` leads out of ``folder``, is absolute, or is no name of a file.
    """
    if not stays_inside(folder, name):
        raise UsageError(
            f"{source} names a file outside its folder, or by an absolute path: {name!r}.",
            "Name files relative to the folder, and copy into it what lies elsewhere.",
        )
    return folder / name


def open_list(path: Path) -> io.BufferedReader:
    """Open a list of recordings or of their ratings.

    Raises:
        UsageError: It cannot be read, is no regular file, or is longer than a list can be.
    """
    try:
        return open_bounded(path, MOST_LIST)
    except OSError as error:
        raise UsageError(f"The list {path} cannot be read: {error.strerror}.") from error


def read_csv(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file with a header, by column; a short row lacks its last columns.

    Raises:
        UsageError: The file cannot be read, or is no CSV in UTF-8.
    """
    try:
        # Spreadsheets put a byte order mark first.
        with open_list(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
            for row in csv.DictReader(text):
                yield {key: value for key, value in row.items() if isinstance(key, str) and value is not None}
    except (csv.Error, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no CSV file in UTF-8: {error}.") from error


def scaled(arousal: float, dominance: float, valence: float, highest: int) -> tuple[float, float, float]:
    """Map ratings on a scale of 1 to ``highest`` to 0..1."""
    span = highest - 1
    return (arousal - 1) / span, (dominance - 1) / span, (valence - 1) / span
