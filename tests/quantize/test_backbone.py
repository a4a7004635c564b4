import copy

import numpy as np
import pytest
import torch

from toolchain.errors import BuildError, UsageError
from toolchain.export.onnx import backbone_outputs
from toolchain.model.students import Student
from toolchain.quantize.backbone import _windows, calibration_images, quantize_backbone
from toolchain.quantize.tflite import read_backbone
from toolchain.reference.backbone import run_backbone


def test_ranges_are_minimum_and_maximum(student: Student, tflite: bytes, clips: list[np.ndarray]):
    images = calibration_images(student, clips, 16_000)
    image = read_backbone(tflite).input
    lowest, highest = (image.scale * (limit - image.zero_point) for limit in (-128, 127))
    # Zero must be exact, so the range may move by up to one step.
    assert lowest == pytest.approx(-100.0, abs=image.scale)
    assert highest == pytest.approx(max(i.max() for i in images), abs=image.scale)


def test_relu_layers_use_all_of_int8_for_the_positive_half(tflite: bytes):
    for layer in read_backbone(tflite).trunk:
        assert (layer.output.zero_point, layer.activation_min, layer.activation_max) == (-128, -128, 127)


def test_outputs_follow_the_float_backbone(student: Student, tflite: bytes, clips: list[np.ndarray]):
    image = calibration_images(student, clips[:1], 16_000)[0]
    backbone = read_backbone(tflite)
    steps = np.rint(image[0, :, :, 0] / backbone.input.scale) + backbone.input.zero_point
    rows = run_backbone(np.clip(steps, -128, 127).astype(np.int8), backbone)
    with torch.inference_mode():
        expected = student.backbone(torch.from_numpy(image.transpose(0, 3, 1, 2).copy()))
    for name, tensor in zip(backbone_outputs(student.name), expected, strict=True):
        layer = backbone[name]
        actual = layer.output.scale * (rows[name].astype(float) - layer.output.zero_point)
        reference = tensor.numpy()[0].transpose(1, 2, 0)
        assert np.corrcoef(actual.ravel(), reference.ravel())[0, 1] > 0.99
        assert np.abs(actual - reference).mean() < 4 * layer.output.scale


def test_same_bytes_for_the_same_clips(gated_student: Student, gated_tflite: bytes, clips: list[np.ndarray]):
    assert quantize_backbone(gated_student, clips) == gated_tflite


def test_nothing_is_printed(
    gated_student: Student, clips: list[np.ndarray], capfd: pytest.CaptureFixture[str]
):
    # More than 100 steps, from where on the quantiser draws a progress bar.
    quantize_backbone(gated_student, clips * 3)
    assert capfd.readouterr() == ("", "")


def test_windows_cover_a_clip_and_end_with_it():
    clip = np.arange(25, dtype=np.float32)
    assert [window[0] for window in _windows(clip, 10)] == [0, 10, 15]
    assert all(len(window) == 10 for window in _windows(clip, 10))
    np.testing.assert_array_equal(list(_windows(clip[:20], 10)), clip[:20].reshape(2, 10))
    np.testing.assert_array_equal(list(_windows(clip[:4], 10)), [[0, 1, 2, 3, 0, 1, 2, 3, 0, 1]])


@pytest.mark.parametrize("calibration", [[], [np.zeros(0, np.float32)]], ids=["none", "empty"])
def test_calibration_needs_clips(gated_student: Student, calibration: list[np.ndarray]):
    with pytest.raises(UsageError, match="at least one clip"):
        quantize_backbone(gated_student, calibration)


def test_a_dead_channel_is_named(gated_student: Student, clips: list[np.ndarray]):
    pruned = copy.deepcopy(gated_student)
    with torch.no_grad():
        pruned.vgg7.l3.norm.weight[4] = 0.0
    with pytest.raises(BuildError, match="channel 4 of conv3"):
        quantize_backbone(pruned, clips[:1])
