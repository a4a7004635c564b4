"""Readers of teachers: ONNX, the project's own ``.safetensors``, and folders as they are published."""

import io
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from tests.fuzz.readers.reader import Reader, voice
from tests.fuzz.readers.students import shipped
from toolchain.files import MOST_STUDENT, read_bounded
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


@cache
def _pickled() -> bytes:
    """A small network's tensors as torch writes them."""
    import torch

    file = io.BytesIO()
    torch.save({**torch.nn.Linear(3, 2).state_dict(), "half": torch.zeros(4).half()}, file)
    return file.getvalue()


def _inner_pickles() -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(_pickled())) as archive:
        return [archive.read(name) for name in archive.namelist() if name.endswith("/data.pkl")]


def _read_pickled(path: Path) -> None:
    import torch

    from toolchain.teacher.weights import make_filled, read_weights

    state = read_weights(path.parent)
    state.pop("half", None)
    make_filled(lambda: torch.nn.Linear(3, 2), state, path.parent)


def _read_inner_pickle(path: Path) -> None:
    """Put the pickle into its archive, whose sums would tell that it is damaged."""
    try:
        content = read_bounded(path, MOST_STUDENT)
    except OSError:
        return _read_pickled(path)
    with zipfile.ZipFile(io.BytesIO(_pickled())) as good, zipfile.ZipFile(path, "w") as archive:
        for name in good.namelist():
            archive.writestr(name, content if name.endswith("/data.pkl") else good.read(name))
    return _read_pickled(path)


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
    Reader("pickled-weights", "pytorch_model.bin", lambda: [_pickled()], _read_pickled, weight=0.5),
    Reader("inner-pickle", "pytorch_model.bin", _inner_pickles, _read_inner_pickle, weight=0.5),
)
