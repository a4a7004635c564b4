"""The file of labels: one row per window, see ``SCHEMA``."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from toolchain.errors import UsageError
from toolchain.model_names import DIMENSIONS

#: ``start`` and ``samples`` count samples at 16 kHz; ``path`` is for humans, ``speaker`` may be empty.
SCHEMA = pa.schema(
    [
        pa.field("audio_sha256", pa.string(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),
        pa.field("samples", pa.int64(), nullable=False),
        pa.field("teacher", pa.string(), nullable=False),
        *(pa.field(name, pa.float32(), nullable=False) for name in DIMENSIONS),
        pa.field("path", pa.string(), nullable=False),
        pa.field("speaker", pa.string(), nullable=False),
    ]
)

#: What tells one row from another.
KEY = ("teacher", "audio_sha256", "start", "samples")
_ORDER = [(name, "ascending") for name in ("teacher", "path", *KEY[1:])]
_HEX_DIGITS = r"^[0-9a-f]{64}$"


@dataclass(frozen=True, eq=False)
class Labels:
    """One teacher's labels of one recording, by window.

    Attributes:
        starts: Shape (n,), first sample of each window at 16 kHz, ascending.
        samples: Shape (n,), its length.
        values: Shape (n, 3): arousal, dominance, valence.
    """

    starts: NDArray[np.int64]
    samples: NDArray[np.int64]
    values: NDArray[np.float32]


def pcm_sha256(pcm: NDArray[np.int16]) -> str:
    """Hash of a whole recording at 16 kHz (as little-endian int16), the key of its labels."""
    return hashlib.sha256(pcm.astype("<i2").tobytes()).hexdigest()


def read_labels(path: Path, teacher: str | None = None) -> dict[str, Labels]:
    """Read one teacher's labels, by the SHA-256 of the recording's PCM (see :func:`pcm_sha256`).

    Args:
        path: A file that ``toolchain label`` wrote.
        teacher: The teacher's identity, or how it begins; None where the file has one teacher only.

    Raises:
        UsageError: The file is absent, damaged or of another kind, or which teacher is meant is not clear.
    """
    table = read_table(path)
    table = table.filter(pc.equal(table["teacher"], _chosen(table, path, teacher)))
    table = table.sort_by([("audio_sha256", "ascending"), ("start", "ascending"), ("samples", "ascending")])
    hashes = table["audio_sha256"].to_pylist()
    starts, samples = table["start"].to_numpy(), table["samples"].to_numpy()
    values = np.stack([table[name].to_numpy() for name in DIMENSIONS], axis=1)
    firsts = [row for row in range(len(hashes)) if row == 0 or hashes[row] != hashes[row - 1]]
    return {
        hashes[first]: Labels(starts[first:end], samples[first:end], values[first:end])
        for first, end in zip(firsts, [*firsts[1:], len(hashes)], strict=True)
    }


def read_table(path: Path) -> pa.Table:
    """Read and check all labels in a file.

    Raises:
        UsageError: The file is absent, damaged, or of another kind.
    """
    if not path.is_file():
        raise UsageError(f"There is no file of labels {path}.", "Make it with: toolchain label CORPUS --out FILE")
    try:
        table = pq.ParquetFile(path, page_checksum_verification=True).read()
    except (pa.ArrowException, OSError) as error:
        raise UsageError(f"{path} is no file of labels: it is not Parquet, or damaged.") from error
    fault = fault_of(table)
    if fault:
        raise UsageError(f"{path} is no file of labels: {fault}.", "Make it with: toolchain label CORPUS --out FILE")
    return table.cast(SCHEMA)


def to_bytes(table: pa.Table) -> bytes:
    """Return ``table`` as Parquet, its rows in the one order that files of labels have."""
    sink = pa.BufferOutputStream()
    ordered = table.cast(SCHEMA).sort_by(_ORDER).combine_chunks()
    pq.write_table(ordered, sink, compression="zstd", write_page_checksum=True)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def fault_of(table: pa.Table) -> str:
    """What keeps ``table`` from being labels, or "".

    Raises:
        pa.ArrowException: It is damaged.
    """
    for field in SCHEMA:
        if field.name not in table.schema.names:
            return f"it lacks the column {field.name}"
        column = table[field.name]
        if column.type != field.type:
            return f"its column {field.name} has the type {column.type} instead of {field.type}"
        if column.null_count:
            return f"its column {field.name} has empty fields"
    if table.schema.names != SCHEMA.names:
        return "it has other columns, or the same twice"
    return _wrong_value(table)


def _wrong_value(table: pa.Table) -> str:
    if not all(pc.all(pc.is_finite(table[name])).as_py() in (True, None) for name in DIMENSIONS):
        return "a label is NaN or infinite"
    if pc.min(table["start"]).as_py() not in (None, 0) and pc.min(table["start"]).as_py() < 0:
        return "a window starts before its recording"
    if len(table) and pc.min(table["samples"]).as_py() < 1:
        return "a window has no samples"
    if not all(pc.all(pc.match_substring_regex(table[name], _HEX_DIGITS)).as_py() in (True, None) for name in KEY[:2]):
        return "a hash is not 64 hexadecimal digits"
    if len(table.group_by(list(KEY)).aggregate([])) != len(table):
        return "a window has two labels by one teacher"
    return ""


def _chosen(table: pa.Table, path: Path, teacher: str | None) -> str:
    present = sorted(table["teacher"].unique().to_pylist())
    matching = [identity for identity in present if identity.startswith(teacher or "")]
    if len(matching) == 1:
        identity: str = matching[0]
        return identity
    names = ", ".join(identity[:12] for identity in present) or "none"
    wanted = "not one teacher" if teacher is None else f"{len(matching) or 'no'} teachers that begin with {teacher!r}"
    raise UsageError(f"{path} has labels of {wanted}; it has: {names}.", "Name one of them by how its identity begins.")
