import copy
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from toolchain.errors import BuildError
from toolchain.export.gate import probe_signals, synthetic_voice
from toolchain.export.onnx import backbone_outputs, check_onnx, export_backbone, export_onnx, open_session
from toolchain.model.students import Student


def test_equals_torch_on_speech_of_every_length(student: Student, onnx_model: bytes, clips: list[np.ndarray]):
    assert check_onnx(onnx_model, student, probe_signals(clips)) <= 1e-5


def test_equals_torch_on_a_minute(student: Student, onnx_model: bytes):
    # ONNX Runtime's float32 mean of a million samples is off by 1e-4 and more.
    assert check_onnx(onnx_model, student, [synthetic_voice(60.0)]) <= 1e-5


def test_the_gate_refuses_another_checkpoint(gram_student: Student, gram_onnx: bytes, clips: list[np.ndarray]):
    other = copy.deepcopy(gram_student)
    with torch.no_grad():
        other.adv.bias[1] += 0.01
    with pytest.raises(BuildError, match=r"ONNX Runtime and torch differ by 0\.01"):
        check_onnx(gram_onnx, other, probe_signals(clips[:1]))


def test_a_student_that_answers_nan_is_refused(gram_student: Student):
    broken = copy.deepcopy(gram_student)
    with torch.no_grad():
        broken.adv.bias[0] = float("nan")
    with pytest.raises(BuildError, match="nan"):
        export_onnx(broken, checkpoint_sha256="ab" * 32)


def test_interface_and_metadata(student: Student, onnx_model: bytes):
    session = open_session(onnx_model)
    (signal,), (logits,) = session.get_inputs(), session.get_outputs()
    assert (signal.name, signal.shape, signal.type) == ("signal", [1, "samples"], "tensor(float)")
    assert (logits.name, logits.shape) == ("logits", [1, 3])
    metadata = session.get_modelmeta()
    assert metadata.producer_name == "wav2small-toolchain"
    assert metadata.custom_metadata_map["model"] == student.name
    assert metadata.custom_metadata_map["checkpoint_sha256"] == "ab" * 32
    assert metadata.custom_metadata_map["outputs"] == "arousal,dominance,valence"


def test_same_bytes_for_the_same_student_and_no_path(student: Student, onnx_model: bytes):
    assert export_onnx(student, checkpoint_sha256="ab" * 32) == onnx_model
    assert str(Path(__file__).resolve().parents[2]).encode() not in onnx_model


def test_front_end_stays_float32_and_untouched(student: Student, onnx_model: bytes):
    stored = {
        numpy_helper.to_array(tensor).tobytes()
        for tensor in onnx.load_from_string(onnx_model).graph.initializer
        if tensor.data_type == onnx.TensorProto.FLOAT
    }
    front_end = student.vgg7.spectrogram_extractor
    for weight in (front_end.conv_real.weight, front_end.conv_imag.weight, student.vgg7.logmel_extractor.melW):
        assert weight.detach().numpy().tobytes() in stored


def test_backbone_equals_torch(student: Student, clips: list[np.ndarray]):
    with torch.inference_mode():
        image = student.logmel(torch.from_numpy(clips[0][np.newaxis]))
        expected = student.backbone(image)
    session = open_session(export_backbone(student, image.shape[2]))
    assert tuple(output.name for output in session.get_outputs()) == backbone_outputs(student.name)
    for actual, tensor in zip(session.run(None, {"logmel": image.numpy()}), expected, strict=True):
        np.testing.assert_allclose(actual, tensor.numpy(), atol=1e-4)


def test_backbone_is_folded_and_its_pool_has_no_padding(student: Student):
    graph = onnx.load_from_string(export_backbone(student, 99)).graph
    operators = Counter(node.op_type for node in graph.node)
    assert operators == {"Conv": 7 + len(backbone_outputs(student.name)), "Relu": 7, "Pad": 1, "MaxPool": 1}
    (pool,) = (node for node in graph.node if node.op_type == "MaxPool")
    assert {a.name: list(a.ints) for a in pool.attribute}["pads"] == [0, 0, 0, 0]


def test_export_leaves_the_student_in_evaluation_mode(student: Student):
    export_backbone(student, 99)
    assert not any(module.training for module in student.modules())
