import math
import random
from dataclasses import astuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tflite_edits import Edit, edited, insert_padding, operator, pad_with_value, reverse_outputs
from toolchain.errors import UsageError
from toolchain.export.onnx import export_backbone
from toolchain.export.tflite import convert_onnx
from toolchain.model.students import Student
from toolchain.quantize.student import Backbone
from toolchain.quantize.student_check import check_backbone
from toolchain.quantize.tflite import output_order, quantize_multiplier, read_backbone, with_frames
from toolchain.quantize.tflite_graph import MAX_FILE_BYTES


def assert_same(actual: Backbone, expected: Backbone) -> None:
    assert actual.input == expected.input
    for ours, theirs in zip(actual.layers, expected.layers, strict=True):
        for a, b in zip(astuple(ours), astuple(theirs), strict=True):
            np.testing.assert_array_equal(a, b)


def test_layers_in_order_and_within_the_engines_limits(tflite: bytes, model_name: str):
    check_backbone(read_backbone(tflite), ("lin", "sof") if model_name == "wav2small-17k" else ("rows",))


def test_weights_are_the_students(student: Student, tflite: bytes):
    backbone = read_backbone(tflite)
    float_layers = {f"conv{n}": getattr(student.vgg7, f"l{n}").conv for n in range(2, 8)}
    for name, conv in float_layers.items():
        # The batch norm scales each channel, which leaves the angle between the two alone.
        actual = backbone[name].weight.transpose(0, 3, 1, 2).reshape(13, -1).astype(float)
        expected = conv.weight.detach().numpy().reshape(13, -1)
        cosine = (actual * expected).sum(1) / np.linalg.norm(actual, axis=1) / np.linalg.norm(expected, axis=1)
        assert np.abs(cosine).min() > 0.999, name


def test_lin_and_sof_are_not_swapped(gated_student: Student, gated_tflite: bytes):
    backbone = read_backbone(gated_tflite)
    assert not np.array_equal(backbone["lin"].weight, backbone["sof"].weight)
    for name in ("lin", "sof"):
        expected = getattr(gated_student.vgg7, name).weight.detach().numpy()[:, :, 0, 0]
        weight = backbone[name].weight[:, 0, 0].astype(float)
        scale = np.abs(expected).max(axis=1, keepdims=True) / 127
        np.testing.assert_allclose(weight * scale, expected, atol=scale.max())


def _reverse_operators(model: Any, subgraph: Any) -> None:
    subgraph.operators[-2:] = subgraph.operators[:-3:-1]


def _forget_tensor_names(model: Any, subgraph: Any) -> None:
    for number, tensor in enumerate(subgraph.tensors):
        tensor.name = f"StatefulPartitionedCall:{number}".encode()


def _forget_signature(model: Any, subgraph: Any) -> None:
    model.signatureDefs = None


@pytest.mark.parametrize(
    "edit", [reverse_outputs, _reverse_operators, _forget_tensor_names, _forget_signature], ids=lambda e: e.__name__
)
def test_outputs_are_found_by_name_however_the_file_is_written(gated_tflite: bytes, edit: Edit):
    assert_same(read_backbone(edited(gated_tflite, edit)), read_backbone(gated_tflite))


def test_output_order_is_the_files(gated_tflite: bytes):
    assert output_order(gated_tflite) == ("lin", "sof")
    assert output_order(edited(gated_tflite, reverse_outputs)) == ("sof", "lin")


@pytest.mark.parametrize("convolution", [0, 1, 3, 6])
def test_an_explicit_padding_is_the_same_layer(tflite: bytes, convolution: int):
    explicit = edited(tflite, lambda model, subgraph: insert_padding(model, subgraph, convolution))
    assert_same(read_backbone(explicit), read_backbone(tflite))


def test_padv2_with_the_zero_point_is_the_same_pool(tflite: bytes):
    explicit = edited(tflite, lambda model, subgraph: pad_with_value(model, subgraph, -128))
    assert_same(read_backbone(explicit), read_backbone(tflite))


def _conv(number: int, attribute: str, value: int) -> Edit:
    def edit(model: Any, subgraph: Any) -> None:
        setattr(operator(model, subgraph, "CONV_2D", number).builtinOptions, attribute, value)

    return edit


def _tensor(kind: str, number: int, output: bool, field: str, value: Any) -> Edit:
    """Set a field of the first input or output of an operator, or of its quantisation."""

    def edit(model: Any, subgraph: Any) -> None:
        op = operator(model, subgraph, kind, number)
        tensor = subgraph.tensors[(op.outputs if output else op.inputs)[0]]
        setattr(tensor if hasattr(tensor, field) else tensor.quantization, field, value)

    return edit


def _pool(attribute: str, value: int) -> Edit:
    return lambda model, subgraph: setattr(
        operator(model, subgraph, "MAX_POOL_2D").builtinOptions, attribute, value
    )


def _pad_amounts(model: Any, subgraph: Any) -> None:
    amounts = subgraph.tensors[operator(model, subgraph, "PAD").inputs[1]]
    model.buffers[amounts.buffer].data = np.frombuffer(np.int32([0, 0, 2, 0, 1, 1, 0, 0]).tobytes(), np.uint8)


def _no_relu_before_the_pool(model: Any, subgraph: Any) -> None:
    _conv(2, "fusedActivationFunction", 0)(model, subgraph)
    for kind in ("PAD", "MAX_POOL_2D"):
        op = operator(model, subgraph, kind)
        for index in (op.inputs[0], op.outputs[0]):
            subgraph.tensors[index].quantization.zeroPoint = np.int64([0])


def _drop_bias(model: Any, subgraph: Any) -> None:
    conv = operator(model, subgraph, "CONV_2D", 4)
    conv.inputs = conv.inputs[:2]


def _drop_last_operator(model: Any, subgraph: Any) -> None:
    subgraph.operators.pop()


def _repeat_operator(model: Any, subgraph: Any) -> None:
    subgraph.operators.append(subgraph.operators[-1])


def _short_weights(model: Any, subgraph: Any) -> None:
    weight = subgraph.tensors[operator(model, subgraph, "CONV_2D", 1).inputs[1]]
    model.buffers[weight.buffer].data = model.buffers[weight.buffer].data[:-1]


def _weight_scale(value: float) -> Edit:
    def edit(model: Any, subgraph: Any) -> None:
        conv = operator(model, subgraph, "CONV_2D", 2)
        scales = subgraph.tensors[conv.inputs[1]].quantization.scale.copy()
        scales[5] = value
        subgraph.tensors[conv.inputs[1]].quantization.scale = scales

    return edit


def _two_subgraphs(model: Any, subgraph: Any) -> None:
    model.subgraphs.append(subgraph)


def _third_output(model: Any, subgraph: Any) -> None:
    subgraph.outputs = np.int32([*subgraph.outputs, operator(model, subgraph, "CONV_2D", 3).outputs[0]])


def _swap_names(model: Any, subgraph: Any) -> None:
    """Names of the tensors that contradict those in the signature."""
    lin, sof = (subgraph.tensors[index] for index in subgraph.outputs)
    lin.name, sof.name = sof.name, lin.name


FOREIGN = {
    "stride": (_conv(3, "strideH", 2), "conv4 has a stride"),
    "dilation": (_conv(0, "dilationWFactor", 2), "conv1 has a stride or dilation"),
    "valid padding": (_conv(5, "padding", 1), "has shape"),
    "activation": (_conv(1, "fusedActivationFunction", 3), "conv2 has activation number 3"),
    "relu on an output": (_conv(7, "fusedActivationFunction", 1), "lin has activation number 1"),
    "no relu before the pool": (_no_relu_before_the_pool, "conv3 has no ReLU"),
    "pool stride": (_pool("strideW", 1), "not a 3 x 3 max pool"),
    "pool window": (_pool("filterHeight", 2), "not a 3 x 3 max pool"),
    "pool padding": (_pool("padding", 0), "not a 3 x 3 max pool"),
    "pad amounts": (_pad_amounts, "PAD is not by one"),
    "pad value": (lambda m, s: pad_with_value(m, s, 0), "does not pad with the zero point"),
    "scale changes in pad": (_tensor("PAD", 0, True, "scale", np.float32([0.5])), "scale or zero point changes"),
    "zero point changes in pool": (
        _tensor("MAX_POOL_2D", 0, True, "zeroPoint", np.int64([-127])), "scale or zero point changes"
    ),
    "zero point beyond int8": (_tensor("CONV_2D", 4, True, "zeroPoint", np.int64([128])), "zero point 128"),
    "scale zero": (_tensor("CONV_2D", 4, True, "scale", np.float32([0.0])), "scale 0"),
    "scale not a number": (_tensor("CONV_2D", 4, True, "scale", np.float32([math.nan])), "scale nan"),
    "scale infinite": (_tensor("CONV_2D", 4, True, "scale", np.float32([math.inf])), "scale inf"),
    "two scales": (_tensor("CONV_2D", 4, True, "scale", np.float32([0.1, 0.1])), "one scale"),
    "tiny output scale": (_tensor("CONV_2D", 4, True, "scale", np.float32([1e-9])), "shrinking factors"),
    "uint8 activation": (_tensor("CONV_2D", 3, True, "type", 3), "is UINT8, not INT8"),
    "transposed image": (_tensor("CONV_2D", 0, False, "shape", np.int32([1, 26, 499, 1])), "its input has shape"),
    "no frames": (_tensor("CONV_2D", 0, False, "shape", np.int32([1, 0, 26, 1])), "its input has shape"),
    "negative frames": (_tensor("CONV_2D", 0, False, "shape", np.int32([1, -5, 26, 1])), "its input has shape"),
    "weight scale negative": (_weight_scale(-1.0), "not positive"),
    "weight scale wrong": (_weight_scale(0.25), "not in units of the accumulator"),
    "no bias": (_drop_bias, "not a CONV_2D with a bias"),
    "short weights": (_short_weights, "must be a constant INT8"),
    "operator missing": (_drop_last_operator, ""),
    "operator twice": (_repeat_operator, ""),
    "two subgraphs": (_two_subgraphs, "2 subgraphs"),
    "third output": (_third_output, "is an output"),
    "contradicting names": (_swap_names, "does not tell which output is lin and which sof"),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_another_graph_is_refused(gated_tflite: bytes, case: str):
    edit, reason = FOREIGN[case]
    with pytest.raises(UsageError, match="not an int8 Wav2Small backbone") as caught:
        read_backbone(edited(gated_tflite, edit))
    assert reason in caught.value.message
    assert "\n" not in caught.value.message


def test_a_float_backbone_is_refused(gated_student: Student):
    with pytest.raises(UsageError, match="is FLOAT32, not INT8"):
        read_backbone(convert_onnx(export_backbone(gated_student, 99)))


@pytest.mark.parametrize(
    "content", [b"", b"TFL3", b"\x00" * 64, b"\x1c\x00\x00\x00TFL3" + b"\xff" * 64, b"PK\x03\x04" * 100],
)
def test_what_is_no_tflite_file_is_refused(content: bytes):
    with pytest.raises(UsageError, match="not an int8 Wav2Small backbone"):
        read_backbone(content)


def test_a_huge_file_is_refused_unread(gated_tflite: bytes):
    with pytest.raises(UsageError, match="bytes"):
        read_backbone(gated_tflite + bytes(MAX_FILE_BYTES))


def test_every_truncation_is_refused(gated_tflite: bytes):
    for length in range(0, len(gated_tflite) - 64, 101):
        with pytest.raises(UsageError):
            read_backbone(gated_tflite[:length])


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), changes=st.integers(1, 8))
def test_damage_is_a_usage_error_or_harmless(gated_tflite: bytes, seed: int, changes: int):
    source = random.Random(seed)
    data = bytearray(gated_tflite)
    for _ in range(changes):
        position = source.randrange(len(data) - 4)
        data[position : position + source.choice([1, 4])] = source.choice(
            [b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80", source.randbytes(4)]
        )
    try:
        backbone = read_backbone(bytes(data))
    except UsageError:
        return
    assert len(backbone.layers) == 9


def test_frames_change_shapes_and_nothing_else(tflite: bytes, model_name: str):
    frames = 499 if model_name == "wav2small-17k" else 501
    assert with_frames(tflite, frames) == tflite
    shorter = with_frames(tflite, 77)
    assert with_frames(shorter, frames) == tflite
    assert len(shorter) == len(tflite)
    assert_same(read_backbone(shorter), read_backbone(tflite))


@pytest.mark.parametrize("frames", [0, -1, 1_000_001])
def test_impossible_lengths_are_refused(gated_tflite: bytes, frames: int):
    with pytest.raises(UsageError, match="frames cannot be used"):
        with_frames(gated_tflite, frames)


def test_frames_of_a_foreign_file_are_refused():
    with pytest.raises(UsageError, match="not an int8 Wav2Small backbone"):
        with_frames(b"\x00" * 100, 10)


@given(st.floats(2.0**-31, 2.0**30, exclude_min=True))
def test_multiplier_is_within_half_a_unit(factor: float):
    significand, shift = quantize_multiplier(factor)
    assert 2**30 <= significand < 2**31
    assert abs(significand * 2.0 ** (shift - 31) - factor) <= 2.0 ** (shift - 32)


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        (0.5, (2**30, 0)),
        (1.0, (2**30, 1)),
        (0.75 / 256, (3 * 2**29, -8)),
        (1.0 - 2.0**-40, (2**30, 1)),  # rounds to 2**31, which does not fit
        ((2**30 + 0.5) / 2**31, (2**30 + 1, 0)),  # a half goes up
        (2.0**-33, (2**30, -31)),  # TFLite: (0, 0)
    ],
)
def test_multiplier_examples(factor: float, expected: tuple[int, int]):
    assert quantize_multiplier(factor) == expected
