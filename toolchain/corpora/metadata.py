"""Corpora of acted speech: a folder with ``metadata.csv``, or a folder of such folders.

The columns are file, speaker (or actor), and for a teacher of our own emotion and, where it is graded, intensity.
"""

from collections.abc import Iterator
from pathlib import Path

from toolchain.corpora.entry import Corpus, CorpusEntry, Split, inside, read_csv
from toolchain.errors import UsageError

METADATA = "metadata.csv"

#: Never trained, calibrated, selected or early-stopped on.
TEST_SPEAKERS = frozenset({"ravdess/21", "ravdess/22", "ravdess/23", "ravdess/24", "nemo/SM0"})
#: The epoch that is kept is chosen on these.
VALIDATION_SPEAKERS = frozenset({"ravdess/19", "ravdess/20", "nemo/TP0"})


def fits(folder: Path) -> bool:
    """Whether ``folder``, or a folder in it, has a ``metadata.csv``."""
    return bool(_files(folder))


def read(folder: Path) -> Corpus:
    """List the recordings of ``folder``'s corpora in the order of their metadata.

    The speaker is ``corpus/speaker``; the split is by speaker, so that no voice is in two parts.

    Raises:
        UsageError: A ``metadata.csv`` is malformed, or names a file outside its folder.
    """
    return Corpus("metadata", tuple(entry for metadata in _files(folder) for entry in _entries(metadata, folder)))


def _files(folder: Path) -> list[Path]:
    return [path for path in (folder / METADATA, *sorted(folder.glob(f"*/{METADATA}"))) if path.is_file()]


def _entries(metadata: Path, root: Path) -> Iterator[CorpusEntry]:
    folder = metadata.parent
    for row in read_csv(metadata):
        name, speaker = row.get("file"), row.get("speaker") or row.get("actor")
        if not (name and speaker):
            raise UsageError(f"A line of {metadata} lacks its file, or its speaker (or actor).")
        path, corpus = inside(folder, name, metadata), folder.resolve().name
        voice = f"{corpus}/{speaker}"
        yield CorpusEntry(
            path=path,
            name=path.relative_to(root).as_posix(),
            speaker=voice,
            split=_split(voice),
            corpus=corpus,
            acted=(row.get("emotion", ""), row.get("intensity", "")),
        )


def _split(speaker: str) -> Split:
    if speaker in TEST_SPEAKERS:
        return Split.TEST
    return Split.VALIDATION if speaker in VALIDATION_SPEAKERS else Split.TRAIN
