"""Corpora of acted speech: a folder with ``metadata.csv``, or a folder of such folders."""

from collections.abc import Iterator
from pathlib import Path

from toolchain.corpora.entry import Corpus, CorpusEntry, Split, inside, read_csv
from toolchain.distill.corpus import METADATA, TEST_SPEAKERS, VALIDATION_SPEAKERS, holds_corpora
from toolchain.errors import UsageError


def fits(folder: Path) -> bool:
    """Whether ``folder``, or a folder in it, has a ``metadata.csv``."""
    return holds_corpora(folder)


def read(folder: Path) -> Corpus:
    """List the recordings of ``folder``'s corpora in the order of their metadata.

    The speaker is ``corpus/speaker``, and the split the one that distillation uses.

    Raises:
        UsageError: A ``metadata.csv`` is malformed, or names a file outside its folder.
    """
    files = [path for path in (folder / METADATA, *sorted(folder.glob(f"*/{METADATA}"))) if path.is_file()]
    return Corpus("metadata", tuple(entry for metadata in files for entry in _entries(metadata, folder)))


def _entries(metadata: Path, root: Path) -> Iterator[CorpusEntry]:
    folder = metadata.parent
    for row in read_csv(metadata):
        name, speaker = row.get("file"), row.get("speaker") or row.get("actor")
        if not (name and speaker):
            raise UsageError(f"A line of {metadata} lacks its file, or its speaker (or actor).")
        path = inside(folder, name, metadata)
        yield CorpusEntry(path, path.relative_to(root).as_posix(), *_speaker_and_split(folder.resolve().name, speaker))


def _speaker_and_split(corpus: str, speaker: str) -> tuple[str, Split]:
    full = f"{corpus}/{speaker}"
    if full in TEST_SPEAKERS:
        return full, Split.TEST
    return full, Split.VALIDATION if full in VALIDATION_SPEAKERS else Split.TRAIN
