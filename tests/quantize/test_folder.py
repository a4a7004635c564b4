import hashlib
import json

import onnx
import pytest

from tests.float_student import float_student
from tests.full_disk import full_disk
from toolchain.audio import select_clips
from toolchain.audio.calibration import calibration_folder
from toolchain.errors import BuildError, UsageError
from toolchain.model import checkpoint
from toolchain.quantize import folder as folder_module
from toolchain.quantize.folder import MANIFEST, export_student, quantize_student
from toolchain.quantize.student_file import load_student


@pytest.fixture(scope="module")
def model():
    return float_student("wav2small-17k")


@pytest.fixture(scope="module")
def calibration():
    return select_clips(calibration_folder(), 4).clips


def test_a_folder_is_complete_and_its_manifest_true(model, calibration, tmp_path):
    made = []
    folder = quantize_student(model, tmp_path / "student", calibration, made.append)
    manifest = json.loads((folder.path / MANIFEST).read_text())
    assert set(manifest["files"]) == set(made)
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((folder.path / name).read_bytes()).hexdigest() == digest
    assert [clip["sha256"] for clip in manifest["calibration"]] == [clip.sha256 for clip in calibration]
    assert manifest["tools"]["torch"].startswith("2.13.0")

    student = load_student(folder.quantized)
    assert student.checkpoint_sha256 == manifest["files"]["model.safetensors"]
    assert student.backbone_sha256 == manifest["files"]["backbone.int8.tflite"]
    properties = {item.key: item.value for item in onnx.load(folder.onnx).metadata_props}
    assert properties["checkpoint_sha256"] == student.checkpoint_sha256
    assert checkpoint.load(folder.checkpoint).name == "wav2small-17k"


def test_a_failed_conversion_leaves_the_folder_as_it_was(model, tmp_path, monkeypatch):
    def fails(*_, **__):
        raise BuildError("the conversion is wrong")

    out = tmp_path / "student"
    out.mkdir()
    (out / "model.onnx").write_text("the old one")
    monkeypatch.setattr(folder_module, "export_tflite", fails)
    with pytest.raises(BuildError):
        export_student(model, out)
    assert [path.name for path in tmp_path.rglob("*")] == ["student", "model.onnx"]
    assert (out / "model.onnx").read_text() == "the old one"


def test_a_full_disk_is_an_error_of_the_file_that_was_asked_for(model, tmp_path):
    out = tmp_path / "student"
    with full_disk(1000), pytest.raises(OSError) as caught:
        export_student(model, out)
    assert caught.value.filename == str(out / "model.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_other_files_of_the_folder_stay(model, tmp_path):
    (tmp_path / "card.md").write_text("mine")
    export_student(model, tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"card.md", "manifest.json", "model.float.tflite", "model.onnx", "model.safetensors"}


def test_calibration_needs_a_clip(model, tmp_path):
    with pytest.raises(UsageError, match="at least one clip"):
        quantize_student(model, tmp_path / "student", [])
    assert not (tmp_path / "student").exists()
