"""A deterministic choice of clips from a corpus, each whole or cut to its loudest window."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from toolchain.audio.corpus import find_clips
from toolchain.audio.load import load_pcm16
from toolchain.errors import UsageError
from toolchain.model_names import SAMPLE_RATE

#: Windows start at multiples of 10 ms.
_HOP = SAMPLE_RATE // 100

#: A recording that nowhere exceeds -60 dBFS holds no speech (quiet clips of RAVDESS peak at -45 dBFS).
_FLOOR = 32


@dataclass(frozen=True, eq=False)
class Clip:
    """A piece of one recording: int16 ``pcm`` of shape (samples,) at 16 kHz, from sample ``start`` of it."""

    name: str
    start: int
    pcm: np.ndarray

    @property
    def sha256(self) -> str:
        """Hash of the samples (little-endian int16)."""
        return hashlib.sha256(self.pcm.astype("<i2").tobytes()).hexdigest()


@dataclass(frozen=True)
class Skipped:
    """A recording that was not used, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Selection:
    """The clips chosen from a corpus, sorted by name, and the recordings that could not be used."""

    clips: tuple[Clip, ...]
    skipped: tuple[Skipped, ...]


def select_clips(
    folder: Path,
    count: int | None = None,
    seconds: float | None = None,
    accept: Callable[[Path], bool] = lambda path: True,
) -> Selection:
    """Choose clips spread over the corpus, the same ones on every machine.

    Recordings are visited in the order of a hash of their names, so that a choice mixes speakers and a larger
    choice contains a smaller one.

    Args:
        folder: Folder searched for recordings, or one audio file.
        count: How many clips; None for all. Fewer are returned if the corpus has fewer.
        seconds: Length of the loudest window kept of each (shorter recordings are skipped); None keeps
            them whole.
        accept: which files are recordings to choose from.

    Raises:
        UsageError: if ``folder`` has no recording at all, or none that can be used.
    """
    samples = None if seconds is None else _samples(seconds)
    clips: list[Clip] = []
    skipped: list[Skipped] = []
    for name, path in _shuffled(folder):
        if len(clips) == count:
            break
        if not accept(path):
            continue
        try:
            clips.append(_cut(name, load_pcm16(path), samples))
        except UsageError as error:
            if folder.is_file():  # there is no other
                raise
            skipped.append(Skipped(name, error.message))
    if not clips:
        reason = skipped[0].reason if skipped else "all were left out"
        raise UsageError(f"no recording in {folder} can be used; the first: {reason}")
    return Selection(tuple(sorted(clips, key=lambda clip: clip.name)), tuple(skipped))


def loudest_window(pcm: np.ndarray, samples: int) -> int:
    """Start of the window of ``samples`` samples with the highest power, in steps of 10 ms (first of equals).

    Args:
        pcm: int16 array, at least ``samples`` long.
    """
    energy = np.concatenate(([0], np.cumsum(pcm.astype(np.int64) ** 2)))
    starts = np.arange(0, len(pcm) - samples + 1, _HOP)
    return int(starts[np.argmax(energy[starts + samples] - energy[starts])])


def _samples(seconds: float) -> int:
    if not 0.01 <= seconds <= 3600:
        raise UsageError(f"a window of {seconds:g} s cannot be used", "choose 0.01 to 3600 seconds")
    return round(seconds * SAMPLE_RATE)


def _shuffled(folder: Path) -> Iterator[tuple[str, Path]]:
    paths = {_name(path, folder): path for path in find_clips(folder)}
    for name in sorted(paths, key=lambda name: hashlib.sha256(name.encode()).digest()):
        yield name, paths[name]


def _name(path: Path, folder: Path) -> str:
    return path.name if path == folder else path.relative_to(folder).as_posix()


def _cut(name: str, pcm: np.ndarray, samples: int | None) -> Clip:
    start = 0
    if samples is not None:
        if len(pcm) < samples:
            raise UsageError(f"{name} is shorter than the window ({len(pcm) / SAMPLE_RATE:.2f} s)")
        start = loudest_window(pcm, samples)
        pcm = pcm[start : start + samples]
    if np.abs(pcm.astype(np.int32)).max() <= _FLOOR:
        raise UsageError(f"{name} is silent: no sample exceeds -60 dBFS")
    return Clip(name, start, pcm)
