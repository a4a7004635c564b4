"""One student of each kind and its int8 backbone, made once."""

import functools
from collections.abc import Callable

import numpy as np
import pytest

from tests.float_student import float_student, signals
from toolchain.model.students import Student
from toolchain.model_names import MODELS
from toolchain.quantize.backbone import quantize_backbone


@pytest.fixture(scope="session")
def clips(speech_clips: list[np.ndarray]) -> list[np.ndarray]:
    return signals(speech_clips[:4])


@pytest.fixture(scope="session")
def quantized(clips: list[np.ndarray]) -> Callable[[str], tuple[Student, bytes]]:
    """Student and int8 backbone by model name."""

    @functools.cache
    def make(model_name: str) -> tuple[Student, bytes]:
        student = float_student(model_name)
        return student, quantize_backbone(student, clips)

    return make


@pytest.fixture(scope="session", params=MODELS)
def model_name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def student(quantized: Callable[[str], tuple[Student, bytes]], model_name: str) -> Student:
    return quantized(model_name)[0]


@pytest.fixture(scope="session")
def tflite(quantized: Callable[[str], tuple[Student, bytes]], model_name: str) -> bytes:
    return quantized(model_name)[1]


@pytest.fixture(scope="session")
def gated_student(quantized: Callable[[str], tuple[Student, bytes]]) -> Student:
    return quantized("wav2small-17k")[0]


@pytest.fixture(scope="session")
def gated_tflite(quantized: Callable[[str], tuple[Student, bytes]]) -> bytes:
    """The 17k's backbone, which has the outputs ``lin`` and ``sof``."""
    return quantized("wav2small-17k")[1]
