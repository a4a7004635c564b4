"""A corpus divided into what trains, what chooses, and what only measures."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toolchain.corpora import CorpusEntry, Split, find_corpus
from toolchain.errors import UsageError
from toolchain.model_names import DIMENSIONS
from toolchain.teacher.emotion import target

#: Of a corpus that is not divided, about one speaker in so many chooses the epoch.
_ONE_IN = 10


@dataclass(frozen=True, eq=False)
class Entry:
    """One recording.

    Attributes:
        path: Where it lies.
        speaker: Who speaks, unique over all corpora; empty where that is not known.
        corpus: The corpus it belongs to.
        target: What the corpus itself says of arousal, dominance and valence, shape (3,): the ratings of the acted
            emotion's word, or of people who listened; NaN where it says nothing.
    """

    path: Path
    speaker: str
    corpus: str
    target: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Division:
    """Entries in three parts; where speakers are known, none is in two.

    Attributes:
        train: What networks learn from.
        validation: What chooses the epoch.
        test: What is only measured.
        targets: What the targets are: ``words``, ``ratings``, or empty where there are none.
    """

    train: tuple[Entry, ...]
    validation: tuple[Entry, ...]
    test: tuple[Entry, ...]
    targets: str


def divide(path: Path) -> Division:
    """Read the corpora at ``path`` and divide them as they say themselves.

    Corpora with ``metadata.csv`` have fixed validation and test speakers
    (:data:`toolchain.corpora.metadata.TEST_SPEAKERS`). Where nothing says otherwise, a tenth of the speakers (of the
    recordings, where speakers are not known) chooses the epoch, and nothing is left for a test.

    Raises:
        UsageError: The corpus cannot be read, an emotion is unknown, or the training or validation part is empty.
    """
    corpus = find_corpus(path)
    undecided = _draw if not any(entry.split for entry in corpus) else lambda entry: Split.TRAIN
    parts: dict[Split, list[Entry]] = {part: [] for part in Split}
    for entry in corpus:
        parts[entry.split or undecided(entry)].append(as_entry(entry, corpus.layout))
    division = Division(
        train=tuple(parts[Split.TRAIN]),
        validation=tuple(parts[Split.VALIDATION]),
        test=tuple(parts[Split.TEST]),
        targets=_kind(corpus),
    )
    if not division.train or not division.validation:
        raise UsageError(
            f"{path} lacks training or validation recordings.",
            "See 'How a corpus is divided' in docs/distilling.md.",
        )
    return division


def _draw(entry: CorpusEntry) -> Split:
    """Part of an entry of a corpus that is not divided: the same for all that one speaker says."""
    digest = hashlib.sha256((entry.speaker or entry.name).encode()).digest()
    return Split.VALIDATION if digest[0] * _ONE_IN < 256 else Split.TRAIN


def as_entry(entry: CorpusEntry, layout: str) -> Entry:
    """Return a corpus's entry with its target; of a corpus without a name, the layout is the name.

    Raises:
        UsageError: The acted emotion or its intensity is not known.
    """
    if any(entry.acted):
        known = target(*entry.acted)
    else:
        known = np.array(entry.reference or (np.nan,) * len(DIMENSIONS), dtype=np.float32)
    return Entry(entry.path, entry.speaker, entry.corpus or layout, known)


def _kind(entries: Iterable[CorpusEntry]) -> str:
    for entry in entries:
        if any(entry.acted):
            return "words"
        if entry.reference:
            return "ratings"
    return ""
