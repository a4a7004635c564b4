"""Parts of a run that were damaged, or made by hand."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toolchain.corpora import CorpusEntry
from toolchain.labels.hearing import stamp
from toolchain.labels.parts import LeftOut, Part, Parts, mark
from toolchain.labels.table import SCHEMA

PART = Part(1, SCHEMA.empty_table(), (), (LeftOut("a.wav", True, "it is absent"),))


@pytest.fixture
def entries(tmp_path):
    return [CorpusEntry(tmp_path / "a.wav", "a.wav")]


@pytest.fixture
def parts(tmp_path, entries):
    parts = Parts(tmp_path / "parts", "run", "context")
    parts.keep(0, PART, [mark(entry, stamp(entry)) for entry in entries])
    return parts


def change(parts, edit) -> None:
    path = parts._file(0)
    rows = pq.read_table(path)
    meta = edit(json.loads(rows.schema.metadata[b"part"]))
    pq.write_table(rows.replace_schema_metadata({b"part": meta}), path)


def test_a_part_is_taken_up(parts, entries):
    assert parts.find(0, entries, set()).left_out == PART.left_out


@pytest.mark.parametrize(
    "edit",
    [
        lambda meta: "{}",
        lambda meta: "[]",
        lambda meta: "[" * 100_000,
        lambda meta: json.dumps({**meta, "recordings": "many"}),
        lambda meta: json.dumps({**meta, "recordings": 2}),
        lambda meta: json.dumps({**meta, "left_out": [{"reason": "?"}]}),
        lambda meta: json.dumps({**meta, "recordings": 2**70}),
        lambda meta: json.dumps({**meta, "recordings": float("inf")}),
        lambda meta: json.dumps({**meta, "left_out": [{"name": 3, "failed": "?", "reason": None}]}),
        lambda meta: json.dumps({**meta, "repeats": 3}),
        lambda meta: json.dumps({**meta, "repeats": [[3]]}),
    ],
)
def test_a_part_that_is_damaged_is_made_again(parts, entries, edit):
    change(parts, edit)
    assert parts.find(0, [*entries, CorpusEntry(entries[0].path, "b.wav")], set()) is None


@pytest.mark.parametrize("columns", [{"audio_sha256": [[1]]}, {"audio_sha256": ["ab"], "more": [1]}])
def test_a_part_of_other_columns_is_made_again(parts, entries, columns):
    parts.keep(0, Part(1, pa.table(columns), (), ()), [mark(entry, stamp(entry)) for entry in entries])
    assert parts.find(0, entries, set()) is None


def test_a_part_of_more_recordings_than_there_are_is_made_again(parts, entries):
    parts.keep(0, Part(2**40, PART.rows, (), ()), [mark(entry, stamp(entry)) for entry in entries])
    assert parts.find(0, entries, set()) is None


def test_a_part_of_no_recordings_is_not_taken_up_for_ever(parts, entries):
    parts.keep(0, Part(0, SCHEMA.empty_table(), (), ()), [])
    assert parts.find(0, entries, set()) is None
