"""A quantised student as a file: the same after a round trip, and refused by name when anything is wrong."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.random_student import random_student
from toolchain.errors import UsageError
from toolchain.model_names import MODELS
from toolchain.quantize.student import Quantization, QuantizedStudent
from toolchain.quantize.student_check import check_student
from toolchain.quantize.student_file import load_student, save_student


@pytest.mark.parametrize("model", MODELS)
def test_round_trip(model: str, tmp_path: Path) -> None:
    student = random_student(model)
    save_student(student, tmp_path / "first")
    save_student(student, tmp_path / "second")
    assert load_student(tmp_path / "first").digest() == student.digest()
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def changed(student: QuantizedStudent, where: str) -> QuantizedStudent:
    """The student with one field out of its range."""
    front_end, head, backbone = student.front_end, student.head, student.backbone
    first, *others = backbone.layers
    match where:
        case "model":
            return replace(student, model='"; evil')
        case "checkpoint_sha256":
            return replace(student, checkpoint_sha256="*/ #include")
        case "front_end.mel_first_bin":
            return replace(student, front_end=replace(front_end, mel_first_bin=front_end.mel_first_bin + np.uint8(31)))
        case "front_end.window":
            return replace(student, front_end=replace(front_end, window=front_end.window[:-1]))
        case "front_end.image_shift":
            return replace(student, front_end=replace(front_end, image_shift=22))
        case "backbone.layers.conv1.shift":
            bad = replace(first, shift=first.shift + np.int32(40))
        case "backbone.layers.conv1.weight":
            bad = replace(first, weight=first.weight[:, :2])
        case "backbone.layers.conv1.output.scale":
            bad = replace(first, output=Quantization(float("nan"), 0))
        case "head.linear_weight":
            return replace(student, head=replace(head, linear_weight=head.linear_weight.astype(np.int32)))
        case "head.logit_multiplier":
            return replace(student, head=replace(head, logit_shift=12))  # scores of up to 590 octaves
        case _:
            raise AssertionError(where)
    return replace(student, backbone=replace(backbone, layers=(bad, *others)))


@pytest.mark.parametrize(
    "where",
    [
        "model",
        "checkpoint_sha256",
        "front_end.mel_first_bin",
        "front_end.window",
        "front_end.image_shift",
        "backbone.layers.conv1.shift",
        "backbone.layers.conv1.weight",
        "backbone.layers.conv1.output.scale",
        "head.linear_weight",
        "head.logit_multiplier",
    ],
)
def test_a_field_out_of_range_is_named(where: str, tmp_path: Path) -> None:
    student = changed(random_student("wav2small-17k"), where)
    with pytest.raises(ValueError, match=where):
        check_student(student)
    save_student(student, tmp_path / "bad")
    with pytest.raises(UsageError, match=where):
        load_student(tmp_path / "bad")


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("student") / "student"
    save_student(random_student("wav2small-17k"), path)
    return path.read_bytes()


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(at=st.integers(0, 21_000), value=st.integers(0, 255), kept=st.integers(0, 22_100))
def test_damage_is_refused_or_harmless(content: bytes, tmp_path: Path, at: int, value: int, kept: int) -> None:
    damaged = bytearray(content)
    damaged[at] = value
    (tmp_path / "damaged").write_bytes(damaged[:kept])
    try:
        check_student(load_student(tmp_path / "damaged"))
    except UsageError as error:
        assert "is not a quantised student" in error.message
