"""Finished parts of a run, so that a killed one goes on where it was.

A part is made of consecutive recordings of the corpus. It depends on them, on the run's settings and output, and on
which of them repeat earlier ones, and on nothing else; so it is the same in whichever process it is made.
"""

import hashlib
import json
import shutil
from collections.abc import Sequence, Set
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter

from toolchain.corpora import CorpusEntry
from toolchain.files import write_durably
from toolchain.labels.hearing import stamp
from toolchain.labels.table import SCHEMA, fault_of

_META = b"part"


@dataclass(frozen=True)
class LeftOut:
    """A recording without labels.

    Attributes:
        name: Its path within the corpus.
        failed: Whether it should have labels; False where it is merely too short for the teacher.
        reason: Why.
    """

    name: str
    failed: bool
    reason: str


_LEFT_OUT = TypeAdapter(list[LeftOut])


@dataclass(frozen=True, eq=False)
class Part:
    """What came of consecutive recordings of a corpus.

    Attributes:
        recordings: How many.
        rows: Their labels.
        repeats: Hashes of those that parts before this one have labelled.
        left_out: Those without labels.
    """

    recordings: int
    rows: pa.Table
    repeats: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


class Parts:
    """The finished parts of one run, in files of a folder of its own.

    Args:
        folder: Holds the parts of every unfinished run towards one output.
        name: Tells this run from others.
        context: Hash over all that a part depends on besides its recordings.
    """

    def __init__(self, folder: Path, name: str, context: str) -> None:
        self._outer, self._folder, self._context = folder, folder / name, context
        self._folder.mkdir(parents=True, exist_ok=True)

    def find(self, position: int, entries: Sequence[CorpusEntry], seen: Set[str]) -> Part | None:
        """Return the part that begins at ``position``, if it was finished and would now be made the same.

        Args:
            position: Number of its first recording.
            entries: All of the corpus.
            seen: Hashes of the recordings that the parts before it have labelled.
        """
        path = self._file(position)
        if not path.is_file():
            return None
        try:
            rows = pq.ParquetFile(path, page_checksum_verification=True).read()
            meta = json.loads(rows.schema.metadata[_META])
            recordings, made_of, repeats = int(meta["recordings"]), meta["made_of"], tuple(map(str, meta["repeats"]))
            left_out = _LEFT_OUT.validate_json(json.dumps(meta["left_out"]), strict=True)
            if fault_of(rows):
                return None
            hashes = rows["audio_sha256"].to_pylist()
        except (pa.ArrowException, OSError, TypeError, KeyError, ValueError, OverflowError, RecursionError):
            return None
        if not 1 <= recordings <= len(entries) - position:  # one of none would be taken up for ever
            return None
        marks = [mark(entry, stamp(entry)) for entry in entries[position : position + recordings]]
        if made_of != self._made_of(marks) or not seen.isdisjoint(hashes):
            return None
        if not seen >= set(repeats):
            return None
        return Part(recordings, rows.cast(SCHEMA), repeats, tuple(left_out))

    def keep(self, position: int, part: Part, marks: Sequence[str]) -> None:
        """Write a part; ``marks`` are those of its recordings before they were read, see :func:`mark`."""
        meta = {
            "made_of": self._made_of(marks),
            "recordings": part.recordings,
            "repeats": part.repeats,
            "left_out": [asdict(left) for left in part.left_out],
        }
        sink = pa.BufferOutputStream()
        pq.write_table(part.rows.replace_schema_metadata({_META: json.dumps(meta)}), sink, write_page_checksum=True)
        write_durably(self._file(position), sink.getvalue().to_pybytes(), self.temporary)

    @property
    def temporary(self) -> Path:
        """Where a file is put together before it is put in its place."""
        return self._folder / "unfinished"

    def remove(self) -> None:
        """Remove the run's folder, and the outer one if no other run is unfinished."""
        shutil.rmtree(self._folder)
        if not any(self._outer.iterdir()):
            self._outer.rmdir()

    def _file(self, position: int) -> Path:
        return self._folder / f"{position:08}.parquet"

    def _made_of(self, marks: Sequence[str]) -> str:
        return hashlib.sha256("\n".join([self._context, *marks]).encode()).hexdigest()


def mark(entry: CorpusEntry, stamped: str) -> str:
    """What tells an entry, and the state of its file, from another."""
    return json.dumps([entry.name, entry.speaker, stamped])

