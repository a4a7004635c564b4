"""The file of labels: what is read back, and what is refused."""

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toolchain.errors import UsageError
from toolchain.labels.table import SCHEMA, pcm_sha256, read_labels, read_table, to_bytes

A, B = "a" * 64, "b" * 64
COLUMNS = {
    "audio_sha256": [B, A, B, A],
    "start": [8, 0, 0, 0],
    "samples": [8, 8, 8, 4],
    "teacher": [A, A, A, B],
    "arousal": [0.1, 0.2, 0.3, 0.4],
    "dominance": [0.5, 0.6, 0.7, 0.8],
    "valence": [0.9, 1.0, 1.1, 1.2],
    "path": ["x.wav", "y.wav", "x.wav", "y.wav"],
    "speaker": ["", "anna", "", "anna"],
}


def table(**changed):
    return pa.table({**COLUMNS, **changed}).cast(SCHEMA)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "labels.parquet"
    path.write_bytes(to_bytes(table()))
    return path


def test_one_teachers_labels_by_recording(file):
    labels = read_labels(file, A[:6])
    assert set(labels) == {A, B}
    np.testing.assert_array_equal(labels[B].starts, [0, 8])
    np.testing.assert_array_equal(labels[B].samples, [8, 8])
    np.testing.assert_array_equal(labels[B].values, np.float32([[0.3, 0.7, 1.1], [0.1, 0.5, 0.9]]))
    assert list(read_labels(file, B)) == [A]


def test_the_order_of_rows_makes_no_difference():
    rows = table()
    assert to_bytes(rows.take([3, 1, 0, 2])) == to_bytes(rows) == to_bytes(pa.concat_tables([rows[:2], rows[2:]]))


def test_which_teacher_is_meant_must_be_clear(file, tmp_path):
    with pytest.raises(UsageError, match=f"not one teacher; it has: {A[:12]}, {B[:12]}"):
        read_labels(file)
    with pytest.raises(UsageError, match="no teachers that begin with 'c'"):
        read_labels(file, "c")
    single = tmp_path / "single.parquet"
    single.write_bytes(to_bytes(table()[:3]))
    assert set(read_labels(single)) == {A, B}
    single.write_bytes(to_bytes(table()[:0]))
    with pytest.raises(UsageError, match="it has: none"):
        read_labels(single)


@pytest.mark.parametrize(
    ("foreign", "reason"),
    [
        (pa.table({"text": ["hello"]}), "lacks the column audio_sha256"),
        (pa.table(COLUMNS), "column arousal has the type double instead of float"),
        (table().drop_columns(["speaker"]), "lacks the column speaker"),
        (table().append_column("more", [[1] * 4]), "other columns"),
        (table(arousal=[float("nan")] * 4), "NaN"),
        (table(start=[-1, 0, 0, 0]), "before its recording"),
        (table(samples=[0, 1, 1, 1]), "no samples"),
        (table(teacher=["me"] * 4), "64 hexadecimal digits"),
        (table(start=[0, 0, 0, 0]), "two labels by one teacher"),
    ],
)
def test_other_parquet_is_refused(tmp_path, foreign, reason):
    path = tmp_path / "other.parquet"
    pq.write_table(foreign, path)
    with pytest.raises(UsageError, match=f"is no file of labels: .*{reason}"):
        read_table(path)


def test_empty_fields_are_refused(tmp_path):
    nullable = pa.schema([field.with_nullable(True) for field in SCHEMA])
    path = tmp_path / "nulls.parquet"
    pq.write_table(pa.table({**COLUMNS, "speaker": [None, "", "", ""]}).cast(nullable), path)
    with pytest.raises(UsageError, match="column speaker has empty fields"):
        read_table(path)


def test_damaged_parquet_is_refused(file):
    whole = file.read_bytes()
    values = whole.index(np.float32(1.1).tobytes())
    for damaged in (whole[:-10], whole[:values] + b"!" + whole[values + 1 :], b""):
        file.write_bytes(damaged)
        with pytest.raises(UsageError, match="is no file of labels"):
            read_table(file)


def test_no_file(tmp_path):
    with pytest.raises(UsageError, match="There is no file of labels"):
        read_labels(tmp_path / "absent.parquet")


def test_a_recordings_hash_is_that_of_its_little_endian_samples():
    pcm = np.array([1, -2, 300], dtype=np.int16)
    expected = hashlib.sha256(b"\x01\x00\xfe\xff\x2c\x01").hexdigest()
    assert pcm_sha256(pcm) == pcm_sha256(pcm.astype(">i2")) == expected
