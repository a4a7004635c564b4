"""MSP-Podcast (Lotfian & Busso 2019, doi 10.1109/TAFFC.2017.2736999), as its licence holders receive it.

``Audios/*.wav`` and ``Labels/labels_consensus.csv`` (in some copies beside ``Audios``), whose columns are FileName,
EmoClass, EmoAct, EmoVal, EmoDom (means of ratings on 1..7), SpkrID (or ``Unknown``), Gender and Split_Set (``Train``,
``Development``, ``Test1``, ``Test2``, ``Test3``).
"""

import math
from collections.abc import Mapping
from pathlib import Path

from toolchain.corpora.entry import Corpus, CorpusEntry, Split, inside, read_csv, scaled
from toolchain.errors import UsageError

_AUDIO = "Audios"
_TABLE = "labels_consensus.csv"
_HIGHEST_RATING = 7
_NEEDED = ("FileName", "SpkrID", "Split_Set")


def fits(folder: Path) -> bool:
    """Whether ``folder`` has this layout."""
    return (folder / _AUDIO).is_dir() and _table(folder).is_file()


def read(folder: Path) -> Corpus:
    """List what the table lists, in its order. Audio that it does not list (a hidden test set) is left alone.

    Raises:
        UsageError: The table lacks a column or lists nothing, or names a file outside ``Audios``.
    """
    table = _table(folder)
    entries = tuple(_entry(row, folder, table) for row in read_csv(table))
    if not entries:
        raise UsageError(f"{table} lists no recording.", "It is the file of that name in MSP-Podcast.")
    return Corpus("MSP-Podcast", entries)


def _table(folder: Path) -> Path:
    inner = folder / "Labels" / _TABLE
    return inner if inner.is_file() else folder / _TABLE


def _entry(row: Mapping[str, str], folder: Path, table: Path) -> CorpusEntry:
    for column in _NEEDED:
        if not row.get(column):
            raise UsageError(f"A line of {table} lacks its {column}.", "It is the file of that name in MSP-Podcast.")
    name, speaker = row["FileName"], row["SpkrID"]
    path = inside(folder / _AUDIO, name, table)
    known = "" if speaker.lower() == "unknown" else speaker
    split, reference = _split(row["Split_Set"], table), _reference(row, table)
    return CorpusEntry(path, f"{_AUDIO}/{name}", known, split, reference=reference)


def _split(name: str, table: Path) -> Split:
    if name == "Train":
        return Split.TRAIN
    if name == "Development":
        return Split.VALIDATION
    if name.startswith("Test"):
        return Split.TEST
    raise UsageError(f"{table} has the unknown Split_Set {name!r}.")


def _reference(row: Mapping[str, str], table: Path) -> tuple[float, float, float] | None:
    ratings = [row.get(column) or "nan" for column in ("EmoAct", "EmoDom", "EmoVal")]
    try:
        arousal, dominance, valence = map(float, ratings)
    except ValueError as error:
        raise UsageError(f"{table} has a rating that is no number: {', '.join(ratings)}.") from error
    if not all(map(math.isfinite, (arousal, dominance, valence))):
        return None
    return scaled(arousal, dominance, valence, _HIGHEST_RATING)
