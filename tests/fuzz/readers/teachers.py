"""Readers of teachers: ONNX, the project's own ``.safetensors``, and folders as they are published."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.fuzz.readers.reader import Reader, voice
from tests.fuzz.readers.students import shipped
from toolchain.resources import teacher_dir


def _read_onnx(path: Path) -> None:
    from toolchain.teacher.onnx import OnnxTeacher

    values = OnnxTeacher.load(str(path)).annotate(voice()[np.newaxis, :3200].astype(np.float32) / 32768)
    assert values.shape == (1, 3) and np.isfinite(values).all()


def _acted() -> list[bytes]:
    return [(teacher_dir() / "teacher.safetensors").read_bytes()]


def _read_acted(path: Path) -> None:
    from toolchain.teacher.acted import ActedTeacher

    ActedTeacher.load(path)


def _put_transformer(folder: Path) -> None:
    """A small teacher of audEERING's kind."""
    import torch

    from tests.published_teachers import SMALL, wav2vec2_folder
    from toolchain.teacher.transformer import transformers

    torch.manual_seed(0)
    encoder = transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(**SMALL))
    size = SMALL["hidden_size"]
    names = {"0": "arousal", "1": "dominance", "2": "valence"}
    wav2vec2_folder(folder, (encoder, torch.nn.Linear(size, size), torch.nn.Linear(size, 3)), id2label=names)


def _of_transformer(name: str) -> Callable[[], list[bytes]]:
    def make() -> list[bytes]:
        with tempfile.TemporaryDirectory() as folder:
            _put_transformer(Path(folder))
            return [(Path(folder) / name).read_bytes()]

    return make


def _read_transformer(path: Path) -> None:
    import torch

    from toolchain.teacher.wav2vec2 import Wav2Vec2Teacher

    Wav2Vec2Teacher.load(str(path.parent), torch.device("cpu"))


def _transformer(name: str, file: str, *, text: bool = False) -> Reader:
    """The reader of one of the two files of a transformer; the other is beside it."""
    return Reader(
        name, file, _of_transformer(file), _read_transformer, text=text, beside=_put_transformer, weight=0.5
    )


READERS = (
    Reader("onnx-teacher", "model.onnx", shipped("model.onnx"), _read_onnx, weight=0.5),
    Reader("acted-teacher", "teacher.safetensors", _acted, _read_acted, weight=0.3),
    _transformer("teacher-config", "config.json", text=True),
    _transformer("teacher-weights", "model.safetensors"),
)
