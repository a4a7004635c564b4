"""Windows that a teacher labelled beforehand, as recordings to learn from."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from toolchain.audio.load import load_pcm16
from toolchain.distill.division import Entry
from toolchain.distill.recordings import IN_MEMORY, OnDisk, Pcm, Piece, Recordings
from toolchain.errors import UsageError
from toolchain.labels.table import Labels, pcm_sha256


def load_labelled(entries: Iterable[Entry], labels: Mapping[str, Labels]) -> Recordings:
    """Open the windows that have labels, with these as targets; in memory, or on disk when they exceed ten hours.

    A recording without labels is left out, as is one that cannot be read and so has none.

    Args:
        entries: Recordings to look for.
        labels: As :func:`toolchain.labels.table.read_labels` returns them.

    Raises:
        UsageError: None of them has labels.
    """
    windows = [window for entry in entries for window in _windows(entry, labels)]
    if not windows:
        raise UsageError("No recording has labels in the file that was given.", "Label it with: toolchain label CORPUS")
    pieces, targets, corpora = zip(*windows, strict=True)
    on_disk = OnDisk(pieces, trim=False)
    fits = sum(piece.samples for piece in pieces) * 2 <= IN_MEMORY
    return Recordings(tuple(on_disk) if fits else on_disk, np.stack(targets), corpora)


def _windows(entry: Entry, labels: Mapping[str, Labels]) -> list[tuple[Piece, np.ndarray, str]]:
    pcm = _readable(entry.path)
    found = None if pcm is None else labels.get(pcm_sha256(pcm))
    if found is None:
        return []
    windows = zip(found.starts, found.samples, found.values, strict=True)
    return [(Piece(entry.path, int(start), int(samples)), values, entry.corpus) for start, samples, values in windows]


def _readable(path: Path) -> Pcm | None:
    try:
        return load_pcm16(path)
    except UsageError:
        return None
