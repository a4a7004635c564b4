"""Readers of students: checkpoints, quantised students, ``.tflite`` and ONNX."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.fuzz.readers.reader import Reader, voice
from toolchain.files import MOST_STUDENT, read_bounded
from toolchain.model_names import MODELS
from toolchain.resources import student_dir


def shipped(name: str) -> Callable[[], list[bytes]]:
    """The file ``name`` of every student that the repository has."""
    return lambda: [(student_dir(model) / name).read_bytes() for model in MODELS]


def _read_checkpoint(path: Path) -> None:
    from toolchain.model.checkpoint import load

    load(path)


def _read_quantized(path: Path) -> None:
    from toolchain.codegen.engine import generate_engine
    from toolchain.quantize.student_file import load_student

    generate_engine(load_student(path))


def _read_tflite(path: Path) -> None:
    from toolchain.quantize.tflite import output_order, read_backbone, with_frames

    content = read_bounded(path, MOST_STUDENT)
    read_backbone(content)
    output_order(content)
    with_frames(content, 100)


def _read_float_student(path: Path) -> None:
    from toolchain.quantize.student_file import load_student
    from toolchain.verify.float_student import FloatStudent

    student = load_student(student_dir(MODELS[0]) / "quantized.safetensors")
    values = FloatStudent(path, student)(voice()[:3200])
    assert values.shape == (3,) and np.isfinite(values).all()


READERS = (
    Reader("checkpoint", "model.safetensors", shipped("model.safetensors"), _read_checkpoint),
    Reader(
        "quantised-student", "quantized.safetensors", shipped("quantized.safetensors"), _read_quantized, weight=0.5
    ),
    Reader("tflite", "backbone.tflite", shipped("backbone.int8.tflite"), _read_tflite),
    Reader("float-student", "model.onnx", lambda: shipped("model.onnx")()[:1], _read_float_student, weight=0.5),
)
