"""Labels of a corpus by a teacher: resumable after a kill at any moment, and then the same file, byte for byte."""

import csv
import hashlib
import io
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from toolchain.corpora import Corpus, CorpusEntry
from toolchain.errors import UsageError
from toolchain.files import write_durably
from toolchain.labels.annotate import Annotator
from toolchain.labels.hearing import Heard, hear
from toolchain.labels.parts import LeftOut, Part, Parts, mark
from toolchain.labels.table import SCHEMA, read_table, to_bytes
from toolchain.labels.windows import Windows
from toolchain.locks import locked
from toolchain.model_names import SAMPLE_RATE
from toolchain.teacher.base import Teacher

#: A part ends after so many recordings, or after the one that brings it to so many samples (half an hour).
_PART_RECORDINGS = 32
_PART_SAMPLES = 1800 * SAMPLE_RATE

#: Raised when parts of an older version may not be taken up.
_VERSION = 1

#: Is told how many of how many recordings are done.
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Labelled:
    """What a run came to.

    Attributes:
        teacher: The teacher's identity.
        recordings: How many the corpus has.
        windows: Labels by this teacher that are now in the file.
        added: How many of them were not in it before.
        left_out: Recordings without labels, in the order of the corpus.
        heard_seconds: Audio that the teacher heard since this process began.
        seconds: How long that took.
    """

    teacher: str
    recordings: int
    windows: int
    added: int
    left_out: tuple[LeftOut, ...]
    heard_seconds: float
    seconds: float

    @property
    def failed(self) -> tuple[LeftOut, ...]:
        """Recordings that should have labels."""
        return tuple(left for left in self.left_out if left.failed)

    @property
    def skipped(self) -> tuple[LeftOut, ...]:
        """Recordings that are too short for the teacher."""
        return tuple(left for left in self.left_out if not left.failed)


def left_out_file(out: Path) -> Path:
    """Where the recordings without labels are listed, if there are any."""
    return out.with_name(f"{out.name}.left-out.csv")


def label(
    corpus: Corpus,
    teacher: Teacher,
    out: Path,
    windows: Windows,
    batch: int = 16,
    threads: int = 2,
    on_progress: OnProgress = lambda done, total: None,
) -> Labelled:
    """Add to ``out`` the labels of ``corpus`` by ``teacher`` that it lacks.

    Finished parts are kept in a folder beside ``out`` until all are done. How the windows are batched depends on the
    corpus and on what ``out`` had before, not on when a run was killed.

    Args:
        corpus: What to label.
        teacher: Who answers.
        out: The file of labels, made if absent; labels that it has stay as they are.
        windows: What the teacher hears of a recording.
        batch: Windows of equal length that it hears at once.
        threads: How many read audio; changes no result.
        on_progress: Progress callback.

    Raises:
        UsageError: ``out`` is something else, or another run writes it; the teacher cannot hear such windows; or no
            recording could be labelled.
    """
    if windows.hop and 0 < windows.length < teacher.shortest:
        raise UsageError(
            f"The teacher cannot hear windows of {windows.length / SAMPLE_RATE:g} s.",
            f"It needs {teacher.shortest / SAMPLE_RATE:g} s or more: --window.",
        )
    if out.is_dir():
        raise UsageError(f"{out} is a folder.", f"Name a file, such as {out / 'labels.parquet'}.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with locked(out):
        run = _Run(Annotator(teacher, windows, batch), out)
        run.through(corpus.entries, threads, on_progress)
        return run.finish(len(corpus))


class _Run:
    """One run, with the output's lock held."""

    def __init__(self, annotator: Annotator, out: Path) -> None:
        self._began = time.monotonic()
        self._annotator, self._out = annotator, out
        self._old = read_table(out) if out.exists() else SCHEMA.empty_table()
        self._present = _present(self._own(self._old))
        self._store = Parts(out.with_name(f"{out.name}.parts"), self._settings(), self._context())
        self._parts: list[Part] = []
        self._seen: set[str] = set()
        self._heard_samples = 0

    def through(self, entries: Sequence[CorpusEntry], threads: int, on_progress: OnProgress) -> None:
        """Take up the parts that are there, and make the others."""
        position = 0
        ahead: Iterator[Heard] | None = None
        while position < len(entries):
            part = self._store.find(position, entries, self._seen)
            if part:
                ahead = None
            else:
                ahead = ahead or hear(entries[position:], threads)
                part = self._make(_next_group(ahead), position, len(entries), on_progress)
            self._parts.append(part)
            self._seen.update(part.rows["audio_sha256"].to_pylist())
            position += part.recordings
            on_progress(position, len(entries))

    def finish(self, recordings: int) -> Labelled:
        """Merge the parts into the output, list what was left out, and remove the parts."""
        new = [part.rows for part in self._parts if len(part.rows)]
        left_out = tuple(left for part in self._parts for left in part.left_out)
        table = pa.concat_tables([self._old, *new])
        if new:
            write_durably(self._out, to_bytes(table), self._store.temporary)
        self._list(left_out)
        self._store.remove()
        windows = len(self._own(table))
        if not windows:
            first = f"; the first: {left_out[0].name}: {left_out[0].reason}" if left_out else ""
            raise UsageError(f"No recording could be labelled{first}.", "Does the corpus lie where its list says?")
        return Labelled(
            teacher=self._annotator.teacher.identity,
            recordings=recordings,
            windows=windows,
            added=sum(map(len, new)),
            left_out=left_out,
            heard_seconds=self._heard_samples / SAMPLE_RATE,
            seconds=time.monotonic() - self._began,
        )

    def _make(self, group: Sequence[Heard], position: int, total: int, on_progress: OnProgress) -> Part:
        def on_windows(done: int, windows: int) -> None:
            on_progress(position + len(group) * done // windows, total)

        part = self._annotator.part(group, self._present, self._seen, on_windows)
        self._store.keep(position, part, [mark(heard.entry, heard.stamp) for heard in group])
        self._heard_samples += pc.sum(part.rows["samples"]).as_py() or 0
        return part

    def _own(self, table: pa.Table) -> pa.Table:
        return table.filter(pc.equal(table["teacher"], self._annotator.teacher.identity))

    def _settings(self) -> str:
        """Hash over what the user chose; other choices are another run, which keeps its parts."""
        annotator = self._annotator
        windows = annotator.windows
        return _hash([_VERSION, annotator.teacher.identity, windows.length, windows.hop, annotator.batch])

    def _context(self) -> str:
        """Hash over the settings and the labels that need not be made: these change when a run has merged its own."""
        return _hash([self._settings(), sorted((sha256, sorted(some)) for sha256, some in self._present.items())])

    def _list(self, left_out: Sequence[LeftOut]) -> None:
        path = left_out_file(self._out)
        if not left_out:
            path.unlink(missing_ok=True)
            return
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["recording", "outcome", "reason"])
        writer.writerows([left.name, "failed" if left.failed else "skipped", left.reason] for left in left_out)
        write_durably(path, text.getvalue().encode(errors="surrogateescape"), self._store.temporary)


def _present(table: pa.Table) -> dict[str, set[tuple[int, int]]]:
    """Start and length of the windows in ``table``, by the recording's hash."""
    present: defaultdict[str, set[tuple[int, int]]] = defaultdict(set)
    columns = (table[name].to_pylist() for name in ("audio_sha256", "start", "samples"))
    for sha256, start, samples in zip(*columns, strict=True):
        present[sha256].add((start, samples))
    return present


def _next_group(ahead: Iterator[Heard]) -> list[Heard]:
    """The recordings of the next part: which they are depends on the corpus alone."""
    group: list[Heard] = []
    samples = 0
    for heard in ahead:
        group.append(heard)
        samples += 0 if heard.pcm is None else len(heard.pcm)
        if len(group) >= _PART_RECORDINGS or samples >= _PART_SAMPLES:
            break
    return group


def _hash(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
