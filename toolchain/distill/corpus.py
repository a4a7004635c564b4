"""Corpora of acted speech, split by speaker."""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toolchain.errors import UsageError
from toolchain.teacher.emotion import target

METADATA = "metadata.csv"

#: Never trained, calibrated, selected or early-stopped on.
TEST_SPEAKERS = frozenset({"ravdess/21", "ravdess/22", "ravdess/23", "ravdess/24", "nemo/SM0"})
#: The epoch that is kept is chosen on these.
VALIDATION_SPEAKERS = frozenset({"ravdess/19", "ravdess/20", "nemo/TP0"})


@dataclass(frozen=True, eq=False)
class Entry:
    """One line of a corpus: where the recording lies, who speaks (``corpus/speaker``), and its target."""

    path: Path
    speaker: str
    target: NDArray[np.float32]

    @property
    def corpus(self) -> str:
        """Name of the corpus."""
        return self.speaker.partition("/")[0]


@dataclass(frozen=True, eq=False)
class Split:
    """Entries of one corpus folder, divided so that no speaker is in two parts."""

    train: tuple[Entry, ...]
    validation: tuple[Entry, ...]
    test: tuple[Entry, ...]


def read_split(folder: Path) -> Split:
    """List every corpus in ``folder`` (itself, or folders in it, with a ``metadata.csv``), split by speaker.

    Raises:
        UsageError: There is no ``metadata.csv``, one is malformed, or the training or validation part is empty.
    """
    entries = [entry for metadata in _find_metadata(folder) for entry in _read_metadata(metadata)]
    split = Split(
        train=_select(entries, lambda speaker: speaker not in TEST_SPEAKERS | VALIDATION_SPEAKERS),
        validation=_select(entries, VALIDATION_SPEAKERS.__contains__),
        test=_select(entries, TEST_SPEAKERS.__contains__),
    )
    if not split.train or not split.validation:
        raise UsageError(
            f"{folder} lacks training or validation recordings.",
            f"Validation speakers are {', '.join(sorted(VALIDATION_SPEAKERS))}; all but them and the test "
            "speakers train.",
        )
    return split


def holds_corpora(folder: Path) -> bool:
    """Whether ``folder``, or a folder in it, has a ``metadata.csv``."""
    return bool(_metadata_files(folder))


def _metadata_files(folder: Path) -> list[Path]:
    return [path for path in (folder / METADATA, *sorted(folder.glob(f"*/{METADATA}"))) if path.is_file()]


def _find_metadata(folder: Path) -> list[Path]:
    found = _metadata_files(folder)
    if not found:
        raise UsageError(
            f"{folder} holds no {METADATA}, nor does a folder in it.",
            "Give a folder of corpora whose metadata.csv has the columns file, emotion, and speaker or actor.",
        )
    return found


def _read_metadata(metadata: Path) -> Iterator[Entry]:
    folder = metadata.parent
    with metadata.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            speaker = row.get("speaker") or row.get("actor")
            if not (row.get("file") and row.get("emotion") and speaker):
                raise UsageError(f"A line of {metadata} lacks its file, emotion, or speaker (or actor).")
            path = folder / row["file"]
            if not path.resolve().is_relative_to(folder.resolve()):
                raise UsageError(f"{metadata} names a file outside its folder: {row['file']}.")
            yield Entry(path, f"{folder.name}/{speaker}", target(row["emotion"], row.get("intensity") or ""))


def _select(entries: Iterable[Entry], wanted: Callable[[str], bool]) -> tuple[Entry, ...]:
    return tuple(entry for entry in entries if wanted(entry.speaker))
