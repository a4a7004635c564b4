"""Labelled recordings in memory, split by speaker."""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toolchain.audio.load import load_pcm16
from toolchain.errors import UsageError
from toolchain.model_names import SAMPLE_RATE
from toolchain.teacher.emotion import target

METADATA = "metadata.csv"

#: Never trained, calibrated, selected or early-stopped on.
TEST_SPEAKERS = frozenset({"ravdess/21", "ravdess/22", "ravdess/23", "ravdess/24", "nemo/SM0"})
#: The epoch that is kept is chosen on these.
VALIDATION_SPEAKERS = frozenset({"ravdess/19", "ravdess/20", "nemo/TP0"})

_FRAME = SAMPLE_RATE // 100
#: Frames this far below the loudest one count as silence when a recording is trimmed ...
_SILENCE = 10 ** (-40 / 10)
#: ... and this many of them are kept on both sides.
_MARGIN = 20


@dataclass(frozen=True, eq=False)
class Entry:
    """One line of a corpus: where the recording lies, who speaks (``corpus/speaker``), and its target."""

    path: Path
    speaker: str
    target: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Split:
    """Entries of one corpus folder, divided so that no speaker is in two parts."""

    train: tuple[Entry, ...]
    validation: tuple[Entry, ...]
    test: tuple[Entry, ...]


@dataclass(frozen=True, eq=False)
class Recordings:
    """Recordings in memory: int16 PCM at 16 kHz each, and targets of shape (n, 3)."""

    pcm: tuple[NDArray[np.int16], ...]
    targets: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.pcm)


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


def load_recordings(entries: Iterable[Entry], trim: bool = False) -> Recordings:
    """Read the recordings of ``entries`` into memory.

    Args:
        entries: What to read, at least one.
        trim: Cut long silence at both ends, which would fill many a random crop.

    Raises:
        UsageError: A recording cannot be read.
    """
    entries = list(entries)
    pcm = (load_pcm16(entry.path) for entry in entries)
    return Recordings(tuple(trim_silence(x) if trim else x for x in pcm), np.stack([entry.target for entry in entries]))


def trim_silence(pcm: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return ``pcm`` without what lies over 0.2 s before or after the parts within 40 dB of the loudest."""
    frames = pcm[: len(pcm) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float64)
    power = (frames**2).mean(axis=1)
    loud = np.flatnonzero(power >= _SILENCE * power.max(initial=0.0))
    if not loud.size:
        return pcm
    return pcm[max(0, loud[0] - _MARGIN) * _FRAME : (loud[-1] + 1 + _MARGIN) * _FRAME]


def _find_metadata(folder: Path) -> list[Path]:
    found = [path for path in (folder / METADATA, *sorted(folder.glob(f"*/{METADATA}"))) if path.is_file()]
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
