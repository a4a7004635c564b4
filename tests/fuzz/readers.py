"""Everything that reads a file which a user, or whoever sent it to them, may have made: tried with hostile ones.

    python -m tests.fuzz.readers NAME

tries one reader in a process of its own, whose memory is limited and which a hang ends.
"""

import faulthandler
import hashlib
import io
import json
import resource
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from hypothesis import given

from tests.fuzz.long_run import readers_settings
from tests.fuzz.mutate import hostile
from toolchain.errors import ToolchainError
from toolchain.model_names import MODELS
from toolchain.resources import student_dir, targets_dir, teacher_dir

#: Of address space beyond what the process has when it begins.
_MEGABYTES = 1024
_SECONDS_PER_INPUT = 30

#: A file outside the folder that is read: no reader may open it, nor write beside it.
_OUTSIDE = "outside"


@dataclass(frozen=True)
class Reader:
    """One way in.

    Attributes:
        name: of the reader.
        file: what the hostile file is called in its folder.
        originals: makes some good files.
        read: reads the file, and uses what it read as far as it can fail by the file's content.
        text: whether it is a text.
        beside: fills the folder with what the good files need.
        weight: share of the usual number of inputs; less where one takes long.
    """

    name: str
    file: str
    originals: Callable[[], list[bytes]]
    read: Callable[[Path], Any]
    text: bool = False
    beside: Callable[[Path], None] = lambda folder: None
    weight: float = 1


def _students(name: str) -> Callable[[], list[bytes]]:
    return lambda: [(student_dir(model) / name).read_bytes() for model in MODELS]


# --- students and teachers ------------------------------------------------------------------------------------


def _read_checkpoint(path: Path) -> None:
    from toolchain.model.checkpoint import load

    load(path)


def _read_student(path: Path) -> None:
    from toolchain.codegen.engine import generate_engine
    from toolchain.quantize.student_file import load_student

    generate_engine(load_student(path))


def _read_tflite(path: Path) -> None:
    from toolchain.quantize.tflite import output_order, read_backbone, with_frames

    read_backbone(path.read_bytes())
    output_order(path.read_bytes())
    with_frames(path.read_bytes(), 100)


def _read_float_student(path: Path) -> None:
    from toolchain.quantize.student_file import load_student
    from toolchain.verify.float_student import FloatStudent

    student = load_student(student_dir(MODELS[0]) / "quantized.safetensors")
    values = FloatStudent(path, student)(_voice()[:3200])
    assert values.shape == (3,) and np.isfinite(values).all()


def _read_onnx_teacher(path: Path) -> None:
    from toolchain.teacher.onnx import OnnxTeacher

    values = OnnxTeacher.load(str(path)).annotate(_voice()[np.newaxis, :3200].astype(np.float32) / 32768)
    assert values.shape == (1, 3) and np.isfinite(values).all()


def _read_acted_teacher(path: Path) -> None:
    from toolchain.teacher.acted import ActedTeacher

    ActedTeacher.load(path)


def _transformer() -> tuple[dict[str, Any], bytes]:
    """Configuration and weights of a small teacher of audEERING's kind."""
    import torch
    from safetensors.torch import save

    from tests.published_teachers import SMALL
    from toolchain.teacher.transformer import transformers

    torch.manual_seed(0)
    size = SMALL["hidden_size"]
    parts = {
        "wav2vec2": transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(**SMALL)),
        "classifier.dense": torch.nn.Linear(size, size),
        "classifier.out_proj": torch.nn.Linear(size, 3),
    }
    state = {f"{name}.{key}": value for name, part in parts.items() for key, value in part.state_dict().items()}
    names = {"0": "arousal", "1": "dominance", "2": "valence"}
    config = {**SMALL, "vocab_size": None, "model_type": "wav2vec2", "id2label": names}
    return config, save({key: value.clone().contiguous() for key, value in state.items()}, {"format": "pt"})


def _transformer_config() -> list[bytes]:
    return [json.dumps(_transformer()[0], indent=1).encode()]


def _transformer_weights() -> list[bytes]:
    return [_transformer()[1]]


def _put_transformer(folder: Path) -> None:
    config, weights = _transformer()
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(weights)


def _read_transformer(path: Path) -> None:
    import torch

    from toolchain.teacher.wav2vec2 import Wav2Vec2Teacher

    Wav2Vec2Teacher.load(str(path.parent), torch.device("cpu"))


# --- audio ----------------------------------------------------------------------------------------------------


def _voice() -> np.ndarray:
    return (np.random.default_rng(0).normal(size=4000) * 3000).astype(np.int16)


def _audio(container: str, *subtypes: str) -> Callable[[], list[bytes]]:
    def make() -> list[bytes]:
        files = []
        for subtype in subtypes:
            for rate, channels in ((16_000, 1), (44_100, 2)):
                file = io.BytesIO()
                samples = np.stack([_voice()] * channels, axis=1)
                soundfile.write(file, samples, rate, format=container, subtype=subtype)
                files.append(file.getvalue())
        return files

    return make


def _read_audio(path: Path) -> None:
    from toolchain.audio.load import load_pcm16

    assert load_pcm16(path).dtype == np.int16


# --- targets, recipes, builds ---------------------------------------------------------------------------------


def _targets() -> list[bytes]:
    return [path.read_bytes() for path in sorted(targets_dir().glob("*.toml"))]


def _read_target(path: Path) -> None:
    from toolchain.target import load_target

    load_target(str(path))


def _recipes() -> list[bytes]:
    return [b'epochs = 3\nlearning_rate = 1e-3\ncrop_seconds = [1.0, 2.0]\naveraging = "swa"\nseed = 4\n']


def _read_recipe(path: Path) -> None:
    from toolchain.distill.config import Config
    from toolchain.distill.recipe import read_recipe

    read_recipe(Config(model=MODELS[0]), path, {})


def _records() -> list[bytes]:
    from toolchain.distill.config import Config

    record = {"config": asdict(Config(model=MODELS[0])), "made_with": "0123456789ab", "best_epoch": 3}
    return [json.dumps(record, indent=1).encode()]


def _read_record(path: Path) -> None:
    from toolchain.distill.state import read_record

    record = read_record(path.parent)
    assert {"config", "made_with", "best_epoch"} <= set(record)


_BUILT = {"firmware.elf": b"\x7fELF", "firmware.bin": b"flash", "src/app/main.c": b"int main(void) { return 0; }\n"}


def _put_build(folder: Path) -> None:
    for name, content in _BUILT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def _build_manifest() -> list[bytes]:
    section = {"name": ".text", "bytes": 4, "in_flash": True, "in_ram": False}
    sizes = {
        "sections": [section],
        "objects": {"main.o": [4, 0]},
        "flash_bytes": 4,
        "ram_static_bytes": 0,
        "stack_bytes": 2048,
    }
    manifest = {
        "target": "host",
        "model": MODELS[0],
        "model_hash": "0011223344556677",
        "build_id": "8899aabbccddeeff",
        "image": "firmware.bin",
        "image_crc": 7,
        "compiler": "gcc 12",
        "flags": ["-O2"],
        "link_flags": [],
        "sizes": sizes,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in _BUILT.items()},
    }
    return [json.dumps(manifest, indent=1).encode()]


def _read_build(path: Path) -> None:
    from toolchain.build.firmware import read_build

    build = read_build(path.parent)
    _require_inside(build.image, path.parent)
    assert len(build.build_id) == len(build.model_hash) == 8
    assert all(type(number) is int for number in (build.sizes.flash_bytes, build.sizes.ram_static_bytes))
    assert build.image_crc is None or 0 <= build.image_crc < 2**32


def _require_inside(path: Path, folder: Path) -> None:
    assert path.resolve().is_relative_to(folder.resolve()), f"{path} is outside"


# --- corpora and labels ---------------------------------------------------------------------------------------


def _read_corpus(folder: Path) -> None:
    from toolchain.corpora import find_corpus
    from toolchain.labels.hearing import stamp

    for entry in find_corpus(folder):
        _require_inside(entry.path, folder if folder.is_dir() else folder.parent)
        assert entry.reference is None or np.isfinite(entry.reference).all()
        stamp(entry)


def _read_corpus_of(parents: int) -> Callable[[Path], None]:
    return lambda path: _read_corpus(path.parents[parents - 1])


def _put_clip(name: str) -> Callable[[Path], None]:
    def put(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / name, _voice(), 16_000)
        (folder / "loop").symlink_to("loop")

    return put


_CSV = b"file,speaker,split\nclips/a.wav,anna,train\nclips/b.wav,bert,test\n"
_JSON_LINES = b'{"file": "clips/a.wav", "speaker": "anna", "split": "train"}\n{"path": "clips/b.wav"}\n'
_METADATA = b"file,emotion,intensity,actor\na.wav,angry,strong,1\nb.wav,sad,normal,2\n"
_MSP = (
    b"FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set\n"
    b"a.wav,A,5.2,2.0,4.75,17,Male,Train\nb.wav,N,4,4,4,Unknown,Female,Test1\n"
)
_IEMOCAP = b"[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]\nC-E2:\tNeutral;\t()\n"
_SESSION = "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav"


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


# --- tables ---------------------------------------------------------------------------------------------------


def _committed(name: str) -> Callable[[], list[bytes]]:
    """A table of the repository, cut down so that most of a damage hits what is checked."""

    def make() -> list[bytes]:
        table = json.loads((targets_dir() / name).read_text())
        for key, value in table.items():
            if isinstance(value, list):
                table[key] = value[:1]
        return [json.dumps(table, indent=1).encode()]

    return make


def _read_bench(path: Path) -> None:
    from toolchain.bench import Table

    Table.read(path)


def _read_comparison(path: Path) -> None:
    from toolchain.bench.comparison import Comparison

    Comparison.read(path)


def _read_faults(path: Path) -> None:
    from toolchain.faults.report import FaultTable, Tally, require_nothing_wrong

    table = FaultTable.read(path)
    for result in table.targets:
        if result.unfinished is not None:
            Tally.of(result)
    require_nothing_wrong(table.targets)


_CSV_BESIDE = _put_clip("clips/a.wav")

READERS = (
    Reader("checkpoint", "model.safetensors", _students("model.safetensors"), _read_checkpoint),
    Reader("quantised-student", "quantized.safetensors", _students("quantized.safetensors"), _read_student, weight=0.5),
    Reader("tflite", "backbone.tflite", _students("backbone.int8.tflite"), _read_tflite),
    Reader("float-student", "model.onnx", lambda: _students("model.onnx")()[:1], _read_float_student, weight=0.5),
    Reader("onnx-teacher", "model.onnx", _students("model.onnx"), _read_onnx_teacher, weight=0.5),
    Reader(
        "acted-teacher",
        "teacher.safetensors",
        lambda: [(teacher_dir() / "teacher.safetensors").read_bytes()],
        _read_acted_teacher,
        weight=0.3,
    ),
    Reader(
        "teacher-config",
        "config.json",
        _transformer_config,
        _read_transformer,
        text=True,
        beside=_put_transformer,
        weight=0.5,
    ),
    Reader(
        "teacher-weights",
        "model.safetensors",
        _transformer_weights,
        _read_transformer,
        beside=_put_transformer,
        weight=0.5,
    ),
    Reader("wav", "clip.wav", _audio("WAV", "PCM_16", "FLOAT", "ULAW"), _read_audio),
    Reader("flac", "clip.flac", _audio("FLAC", "PCM_16"), _read_audio),
    Reader("ogg", "clip.ogg", _audio("OGG", "VORBIS"), _read_audio),
    Reader("target", "board.toml", _targets, _read_target, text=True),
    Reader("recipe", "recipe.toml", _recipes, _read_recipe, text=True),
    Reader("training-record", "history.json", _records, _read_record, text=True),
    Reader("build-manifest", "manifest.json", _build_manifest, _read_build, text=True, beside=_put_build),
    Reader("csv-manifest", "corpus.csv", lambda: [_CSV], _read_corpus, text=True, beside=_CSV_BESIDE),
    Reader("json-manifest", "corpus.jsonl", lambda: [_JSON_LINES], _read_corpus, text=True, beside=_CSV_BESIDE),
    Reader("metadata", "metadata.csv", lambda: [_METADATA], _read_corpus_of(1), text=True, beside=_put_clip("a.wav")),
    Reader(
        "msp-podcast",
        "Labels/labels_consensus.csv",
        lambda: [_MSP],
        _read_corpus_of(2),
        text=True,
        beside=_put_clip("Audios/a.wav"),
    ),
    Reader(
        "iemocap",
        "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt",
        lambda: [_IEMOCAP],
        _read_corpus_of(4),
        text=True,
        beside=_put_clip(_SESSION),
    ),
    Reader("labels", "labels.parquet", _labels, _read_labels),
    Reader("bench", "bench.json", _committed("bench.json"), _read_bench, text=True),
    Reader("comparison", "comparison.json", _committed("comparison.json"), _read_comparison, text=True),
    Reader("faults", "faults.json", _committed("faults.json"), _read_faults, text=True),
)


@contextmanager
def _limited() -> Iterator[None]:
    """No more memory than a reader may need, from here on."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + (_MEGABYTES << 20)
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _listed(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def try_reader(reader: Reader, root: Path) -> int:
    """Try one reader with hostile files in a folder below ``root``; returns how many there were.

    Raises:
        Exception: what is not a `ToolchainError` with a sentence, or a `ToolchainError` over a good file.
    """
    folder = root / "folder"
    path = folder / reader.file
    path.parent.mkdir(parents=True)
    (root / _OUTSIDE).write_text("not to be touched")
    reader.beside(folder)
    originals = reader.originals()
    for original in originals:
        path.write_bytes(original)
        reader.read(path)
    before, inputs = _listed(root), 0

    @readers_settings(reader.weight)
    @given(content=hostile(originals, text=reader.text))
    def read(content: bytes) -> None:
        nonlocal inputs
        inputs += 1
        path.write_bytes(content)
        faulthandler.dump_traceback_later(_SECONDS_PER_INPUT, exit=True)
        try:
            reader.read(path)
        except ToolchainError as error:
            assert error.message.strip()
        finally:
            faulthandler.cancel_dump_traceback_later()
        assert _listed(root) == before, "a file was made or removed"

    with _limited():
        read()
    return inputs


def main() -> int:
    """Try the reader of this name; exit code 1 if something was found."""
    reader = next(reader for reader in READERS if reader.name == sys.argv[1])
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        try:
            print(try_reader(reader, Path(folder)))
        except Exception:
            traceback.print_exc()
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
