"""A float student that ONNX Runtime can open and that is none."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from toolchain.errors import UsageError
from toolchain.quantize.student_file import load_student
from toolchain.resources import student_dir
from toolchain.teacher.onnx import OnnxTeacher
from toolchain.verify.float_student import FloatStudent

FOLDER = student_dir("wav2small-17k")
PCM = (np.random.default_rng(0).normal(size=1600) * 3000).astype(np.int16)


def _rename_the_output(model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        node.output[:] = ["other" if name == "logits" else name for name in node.output]
    model.graph.output[0].name = "other"


def _fill_with_nan(model: onnx.ModelProto) -> None:
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            nan = np.full(tuple(tensor.dims), np.nan, dtype=np.float32)
            tensor.CopyFrom(onnx.numpy_helper.from_array(nan, tensor.name))


def _edited(path: Path, edit: Callable[[onnx.ModelProto], None]) -> Path:
    model = onnx.load(FOLDER / "model.onnx")
    edit(model)
    onnx.save(model, path)
    return path


def test_the_bundled_student_answers() -> None:
    student = FloatStudent(FOLDER / "model.onnx", load_student(FOLDER / "quantized.safetensors"))
    assert np.isfinite(student(PCM)).all()


@pytest.mark.parametrize("edit", [_rename_the_output, _fill_with_nan])
def test_an_unusable_graph_is_refused(edit: Callable[[onnx.ModelProto], None], tmp_path: Path) -> None:
    path = _edited(tmp_path / "model.onnx", edit)
    student = FloatStudent(path, load_student(FOLDER / "quantized.safetensors"))
    with pytest.raises(UsageError, match=r"the float student .*model\.onnx cannot be used"):
        student(PCM)


def test_a_teacher_that_answers_nan_is_refused(tmp_path: Path) -> None:
    teacher = OnnxTeacher.load(str(_edited(tmp_path / "model.onnx", _fill_with_nan)))
    with pytest.raises(UsageError, match="answered with NaN or infinity"):
        teacher.annotate(PCM[np.newaxis].astype(np.float32) / 32768)
