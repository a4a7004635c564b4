"""From a few recordings to the rows of a part."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from toolchain.labels.hearing import Heard
from toolchain.labels.parts import LeftOut, Part
from toolchain.labels.table import SCHEMA
from toolchain.labels.windows import Windows
from toolchain.model_names import DIMENSIONS, SAMPLE_RATE
from toolchain.teacher.base import Teacher

_FULL_SCALE = np.float32(32768)

#: Start and length of each window that has a label already, by the recording's hash.
Present = Mapping[str, Collection[tuple[int, int]]]
#: Is told how many of how many windows have been heard.
OnWindows = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Window:
    """A piece of a recording that the teacher is to hear."""

    heard: Heard
    start: int
    samples: int

    @property
    def signal(self) -> NDArray[np.float32]:
        """Shape (samples,), in -1..1."""
        assert self.heard.pcm is not None
        return self.heard.pcm[self.start : self.start + self.samples].astype(np.float32) / _FULL_SCALE


@dataclass(frozen=True, eq=False)
class Annotator:
    """A teacher, and how recordings are put to it: ``batch`` windows of equal length at a time."""

    teacher: Teacher
    windows: Windows
    batch: int

    def part(self, recordings: Sequence[Heard], present: Present, seen: Collection[str], on_windows: OnWindows) -> Part:
        """Label what has no label yet.

        Args:
            recordings: Those of the part.
            present: Windows that need no label.
            seen: Hashes of recordings that parts before this one have labelled.
            on_windows: Progress callback.
        """
        left_out: dict[int, LeftOut] = {}
        wanted: dict[str, list[Window]] = {}
        repeats: set[str] = set()
        for index, heard in enumerate(recordings):
            if heard.pcm is None:
                left_out[index] = LeftOut(heard.entry.name, True, heard.reason)
            elif len(heard.pcm) < self.teacher.shortest:
                left_out[index] = LeftOut(heard.entry.name, False, self._too_short(len(heard.pcm)))
            elif heard.sha256 not in seen and heard.sha256 not in wanted:
                wanted[heard.sha256] = self._missing(heard, present)
            elif heard.sha256 in seen:
                repeats.add(heard.sha256)
        windows = [window for some in wanted.values() for window in some]
        values = self._annotate(windows, on_windows)
        wrong = {w.heard.sha256 for w, value in zip(windows, values, strict=True) if not np.isfinite(value).all()}
        for index, heard in enumerate(recordings):
            if heard.sha256 in wrong:
                left_out[index] = LeftOut(heard.entry.name, True, "the teacher's answer is not finite")
        kept = [index for index, window in enumerate(windows) if window.heard.sha256 not in wrong]
        rows = self._rows([windows[index] for index in kept], values[kept])
        return Part(len(recordings), rows, tuple(sorted(repeats)), tuple(left_out[index] for index in sorted(left_out)))

    def _too_short(self, samples: int) -> str:
        shortest = self.teacher.shortest / SAMPLE_RATE
        return f"too short for the teacher: {samples / SAMPLE_RATE:.3f} s, it hears {shortest:.3f} s or more"

    def _missing(self, heard: Heard, present: Present) -> list[Window]:
        assert heard.pcm is not None
        there = present.get(heard.sha256, ())
        return [Window(heard, *window) for window in self.windows.cut(len(heard.pcm)) if window not in there]

    def _annotate(self, windows: Sequence[Window], on_windows: OnWindows) -> NDArray[np.float32]:
        """The teacher's answers, shape (n, 3). Which windows share a batch depends on the part alone."""
        by_length: defaultdict[int, list[int]] = defaultdict(list)
        for index, window in enumerate(windows):
            by_length[window.samples].append(index)
        values = np.empty((len(windows), len(DIMENSIONS)), dtype=np.float32)
        done = 0
        for _, indices in sorted(by_length.items()):
            for first in range(0, len(indices), self.batch):
                batch = indices[first : first + self.batch]
                values[batch] = self.teacher.annotate(np.stack([windows[index].signal for index in batch]))
                done += len(batch)
                on_windows(done, len(windows))
        return values

    def _rows(self, windows: Sequence[Window], values: NDArray[np.float32]) -> pa.Table:
        columns = [
            [window.heard.sha256 for window in windows],
            [window.start for window in windows],
            [window.samples for window in windows],
            [self.teacher.identity] * len(windows),
            *values.T,
            [window.heard.entry.name for window in windows],
            [window.heard.entry.speaker for window in windows],
        ]
        return pa.table([pa.array(c, field.type) for c, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)
