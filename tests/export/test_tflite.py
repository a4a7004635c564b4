import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from toolchain.errors import BuildError
from toolchain.export import tflite
from toolchain.export.gate import probe_signals
from toolchain.export.onnx import serialize, trace
from toolchain.export.tflite import _call, check_tflite, convert_onnx, export_tflite, run_tflite
from toolchain.model.students import Student


def test_whole_student_from_the_waveform(
    student: Student, onnx_model: bytes, clips: list[np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    converted = export_tflite(student, onnx_model, clips=clips)
    assert check_tflite(converted, onnx_model, probe_signals(clips, [1.0])) <= 1e-4
    (logits,) = run_tflite(converted, np.zeros((1, 16_000), np.float32)).values()
    assert logits.shape == (1, 3)
    assert not list(tmp_path.iterdir()), "onnx2tf's scratch files must not reach the working directory"


def test_the_gate_catches_a_gram_matrix_without_its_transpose(
    gram_student: Student, gram_onnx: bytes, clips: list[np.ndarray]
):
    # What onnx2tf's tf_converter makes of x @ x^T, as channels and mels are both 13: x @ x.
    proto = trace(gram_student, (1, 16_000), "signal", ("logits",))
    transposed = {n.output[0]: n.input[0] for n in proto.graph.node if n.op_type == "Transpose"}
    (gram,) = (n for n in proto.graph.node if n.op_type == "MatMul" and n.input[1] in transposed)
    assert transposed[gram.input[1]] == gram.input[0]
    gram.input[1] = gram.input[0]
    wrong = convert_onnx(serialize(proto))
    with pytest.raises(BuildError, match=r"float TFLite and ONNX Runtime differ by"):
        check_tflite(wrong, gram_onnx, probe_signals(clips[:2], [1.0]))


def test_the_gate_catches_a_decibel_floor_turned_into_a_relu(
    gram_student: Student, gram_onnx: bytes, monkeypatch: pytest.MonkeyPatch
):
    # onnx2tf takes max(x, 1e-10) for a ReLU; without the detour, mel band 0 is log(0).
    monkeypatch.setattr(tflite, "_put_constant_first", lambda proto: None)
    with pytest.raises(BuildError, match="differ by nan"):
        export_tflite(gram_student, gram_onnx)


@pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="needs the optional extra 'tensorflow' (2 GB)"
)
def test_the_gate_catches_the_tensorflow_backend(gram_student: Student, gram_onnx: bytes):
    with pytest.raises(BuildError, match=r"float TFLite and ONNX Runtime differ by"):
        export_tflite(gram_student, gram_onnx, backend="tf_converter")


def test_a_failing_converter_is_a_sentence(tmp_path: Path):
    with pytest.raises(BuildError, match=r"^onnx2tf failed: ERROR: no such operator$"):
        _call([sys.executable, "-c", "import sys; sys.exit('traceback\\nERROR: no such operator')"], tmp_path)


def test_a_file_that_litert_refuses_is_a_sentence():
    with pytest.raises(BuildError, match="LiteRT cannot run the converted model"):
        run_tflite(b"not a model", np.zeros((1, 16_000), np.float32))
