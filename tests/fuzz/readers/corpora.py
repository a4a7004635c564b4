"""Readers of the lists that make a folder of recordings a corpus, and of a teacher's labels."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from tests.fuzz.readers.reader import Reader, require_inside, voice

_CSV = b"file,speaker,split\nclips/a.wav,anna,train\nclips/b.wav,bert,test\n"
_JSON_LINES = b'{"file": "clips/a.wav", "speaker": "anna", "split": "train"}\n{"path": "clips/b.wav"}\n'
_METADATA = b"file,emotion,intensity,actor\na.wav,angry,strong,1\nb.wav,sad,normal,2\n"
_MSP = (
    b"FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set\n"
    b"a.wav,A,5.2,2.0,4.75,17,Male,Train\nb.wav,N,4,4,4,Unknown,Female,Test1\n"
)
_IEMOCAP = b"[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]\nC-E2:\tNeutral;\t()\n"


def _read_corpus(corpus: Path) -> None:
    from toolchain.corpora import find_corpus
    from toolchain.labels.hearing import stamp

    for entry in find_corpus(corpus):
        require_inside(entry.path, corpus if corpus.is_dir() else corpus.parent)
        assert entry.reference is None or np.isfinite(entry.reference).all()
        stamp(entry)


def _put_clip(name: str) -> Callable[[Path], None]:
    def put(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / name, voice(), 16_000)
        (folder / "loop").symlink_to("loop")

    return put


def _manifest(name: str, file: str, original: bytes) -> Reader:
    """A reader of a list that is named itself."""
    return Reader(name, file, lambda: [original], _read_corpus, text=True, beside=_put_clip("clips/a.wav"))


def _layout(name: str, file: str, original: bytes, clip: str) -> Reader:
    """A reader of a folder that is told by the ``file`` in it."""

    def read(path: Path) -> None:
        _read_corpus(path.parents[file.count("/")])

    return Reader(name, file, lambda: [original], read, text=True, beside=_put_clip(clip))


def _labels() -> list[bytes]:
    import pyarrow as pa

    from toolchain.labels.table import SCHEMA, to_bytes

    rows = {
        "audio_sha256": ["ab" * 32, "cd" * 32],
        "start": [0, 16_000],
        "samples": [16_000, 16_000],
        "teacher": ["ef" * 32] * 2,
        "arousal": [0.5, 0.25],
        "dominance": [0.5, 0.25],
        "valence": [0.5, 0.75],
        "path": ["a.wav", "b.wav"],
        "speaker": ["", "anna"],
    }
    return [to_bytes(pa.table(rows, schema=SCHEMA))]


def _read_labels(path: Path) -> None:
    from toolchain.labels.table import read_labels

    for labels in read_labels(path).values():
        assert np.isfinite(labels.values).all() and (labels.samples > 0).all()


_PARTS, _CHANGED = "labels.parts", 1_700_000_000


def _put_dated_clip(folder: Path) -> None:
    _put_clip("a.wav")(folder)
    os.utime(folder / "a.wav", (_CHANGED, _CHANGED))


def _label_parts() -> list[bytes]:
    import pyarrow.parquet as pq

    from toolchain.corpora import CorpusEntry
    from toolchain.labels.hearing import stamp
    from toolchain.labels.parts import LeftOut, Part, Parts, mark

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _put_dated_clip(folder)
        labels = folder / "labels.parquet"
        labels.write_bytes(_labels()[0])
        entry = CorpusEntry(folder / "a.wav", "a.wav")
        part = Part(1, pq.read_table(labels), ("01" * 32,), (LeftOut("a.wav", True, "it is absent"),))
        parts = Parts(folder / _PARTS, "run", "context")
        parts.keep(0, part, [mark(entry, stamp(entry))])
        assert parts.find(0, [entry], {"01" * 32})
        return [(folder / _PARTS / "run" / "00000000.parquet").read_bytes()]


def _read_part(path: Path) -> None:
    """What is damaged is no part; what is taken up can be merged and read."""
    from toolchain.corpora import CorpusEntry
    from toolchain.labels.parts import Parts
    from toolchain.labels.table import to_bytes

    entry = CorpusEntry(path.parents[2] / "a.wav", "a.wav")
    part = Parts(path.parents[1], "run", "context").find(0, [entry], {"01" * 32})
    if part:
        assert part.recordings == 1 and all(left.reason for left in part.left_out)
        to_bytes(part.rows)


READERS = (
    _manifest("csv-manifest", "corpus.csv", _CSV),
    _manifest("json-manifest", "corpus.jsonl", _JSON_LINES),
    _layout("metadata", "metadata.csv", _METADATA, "a.wav"),
    _layout("msp-podcast", "Labels/labels_consensus.csv", _MSP, "Audios/a.wav"),
    _layout(
        "iemocap",
        "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt",
        _IEMOCAP,
        "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav",
    ),
    Reader("labels", "labels.parquet", _labels, _read_labels),
    Reader(
        "labels-part", f"{_PARTS}/run/00000000.parquet", _label_parts, _read_part, beside=_put_dated_clip
    ),
)
