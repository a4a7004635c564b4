"""One student of each kind and its float ONNX, made once."""

import functools
from collections.abc import Callable

import numpy as np
import pytest

from tests.float_student import float_student, signals
from toolchain.export.onnx import export_onnx
from toolchain.model.students import Student
from toolchain.model_names import MODELS

#: Hex digest that stands for the checkpoint's in the files' metadata.
CHECKPOINT = "ab" * 32


@pytest.fixture(scope="session")
def clips(speech_clips: list[np.ndarray]) -> list[np.ndarray]:
    return signals(speech_clips[:4])


@pytest.fixture(scope="session")
def exported(clips: list[np.ndarray]) -> Callable[[str], tuple[Student, bytes]]:
    """Student and ONNX file by model name."""

    @functools.cache
    def make(model_name: str) -> tuple[Student, bytes]:
        student = float_student(model_name)
        return student, export_onnx(student, checkpoint_sha256=CHECKPOINT, clips=clips)

    return make


@pytest.fixture(scope="session", params=MODELS)
def model_name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def student(exported: Callable[[str], tuple[Student, bytes]], model_name: str) -> Student:
    return exported(model_name)[0]


@pytest.fixture(scope="session")
def onnx_model(exported: Callable[[str], tuple[Student, bytes]], model_name: str) -> bytes:
    return exported(model_name)[1]


@pytest.fixture(scope="session")
def gram_student(exported: Callable[[str], tuple[Student, bytes]]) -> Student:
    return exported("wav2small-17k")[0]


@pytest.fixture(scope="session")
def gram_onnx(exported: Callable[[str], tuple[Student, bytes]]) -> bytes:
    return exported("wav2small-17k")[1]
