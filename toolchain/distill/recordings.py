"""Recordings to learn from: PCM in memory or, of a large corpus, on disk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np
import soundfile
from numpy.typing import NDArray

from toolchain.audio.load import load_pcm16
from toolchain.audio.windows import loudest_window
from toolchain.distill.division import Entry
from toolchain.files import require_regular
from toolchain.model_names import SAMPLE_RATE

Pcm = NDArray[np.int16]

#: More audio than this many bytes of PCM (10 hours) stays on disk.
IN_MEMORY = 36_000 * SAMPLE_RATE * 2

_FRAME = SAMPLE_RATE // 100
#: Frames this far below the loudest one count as silence when a recording is trimmed ...
_SILENCE = 10 ** (-40 / 10)
#: ... and this many of them are kept on both sides.
_MARGIN = 20


@dataclass(frozen=True, eq=False)
class Recordings:
    """Recordings and their targets.

    Attributes:
        pcm: int16 at 16 kHz each.
        targets: Shape (n, 3), NaN where nothing is known.
        corpora: Name of each recording's corpus.
    """

    pcm: Sequence[Pcm]
    targets: NDArray[np.float32]
    corpora: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.pcm)

    @cached_property
    def groups(self) -> tuple[int, ...]:
        """Number of each recording's corpus, in alphabetical order."""
        numbers = {name: number for number, name in enumerate(sorted(set(self.corpora)))}
        return tuple(numbers[name] for name in self.corpora)

    def of_corpus(self, name: str) -> "Recordings":
        """Return those of one corpus."""
        return self._select([index for index, corpus in enumerate(self.corpora) if corpus == name])

    def loudest(self, seconds: float) -> "Recordings":
        """Return the loudest ``seconds`` of each, in memory; shorter ones stay whole."""
        samples = round(seconds * SAMPLE_RATE)
        return Recordings(tuple(_loudest(pcm, samples) for pcm in self.pcm), self.targets, self.corpora)

    def _select(self, indices: Sequence[int]) -> "Recordings":
        return Recordings(
            [self.pcm[i] for i in indices], self.targets[list(indices)], tuple(self.corpora[i] for i in indices)
        )


class Piece(NamedTuple):
    """A window of a recording: all of it, where there is no length."""

    path: Path
    start: int = 0
    samples: int | None = None


class OnDisk(Sequence[Pcm]):
    """Pieces of recordings that are read when they are asked for."""

    def __init__(self, pieces: Sequence[Piece], trim: bool) -> None:
        self._pieces, self._trim = pieces, trim

    def __len__(self) -> int:
        return len(self._pieces)

    @overload
    def __getitem__(self, index: int) -> Pcm: ...
    @overload
    def __getitem__(self, index: slice) -> "OnDisk": ...
    def __getitem__(self, index: int | slice) -> "Pcm | OnDisk":
        """Read one recording, or take a part of the list."""
        if isinstance(index, slice):
            return OnDisk(self._pieces[index], self._trim)
        path, start, samples = self._pieces[index]
        pcm = load_pcm16(path)[start : None if samples is None else start + samples]
        return trim_silence(pcm) if self._trim else pcm


def load_recordings(entries: Iterable[Entry], trim: bool = False) -> Recordings:
    """Open the recordings of ``entries``: read into memory, or left on disk when they are longer than ten hours.

    Args:
        entries: What to read, at least one.
        trim: Cut long silence at both ends, which would fill many a random crop.

    Raises:
        UsageError: A recording cannot be read.
    """
    entries = list(entries)
    pcm: Sequence[Pcm] = OnDisk([Piece(entry.path) for entry in entries], trim)
    if sum(duration(entry.path) for entry in entries) * SAMPLE_RATE * 2 <= IN_MEMORY:
        pcm = tuple(pcm)
    return Recordings(pcm, np.stack([entry.target for entry in entries]), tuple(entry.corpus for entry in entries))


def duration(path: Path) -> float:
    """Seconds of a recording, by its header; 0 where it cannot be read, which is said when it is loaded."""
    try:
        require_regular(path)
        return float(soundfile.info(path).duration)
    except (soundfile.SoundFileError, OSError):
        return 0.0


def trim_silence(pcm: Pcm) -> Pcm:
    """Return ``pcm`` without what lies over 0.2 s before or after the parts within 40 dB of the loudest."""
    frames = pcm[: len(pcm) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float64)
    power = (frames**2).mean(axis=1)
    loud = np.flatnonzero(power >= _SILENCE * power.max(initial=0.0))
    if not loud.size:
        return pcm
    return pcm[max(0, loud[0] - _MARGIN) * _FRAME : (loud[-1] + 1 + _MARGIN) * _FRAME]


def _loudest(pcm: Pcm, samples: int) -> Pcm:
    if len(pcm) <= samples:
        return pcm
    start = loudest_window(pcm, samples)
    return pcm[start : start + samples]
