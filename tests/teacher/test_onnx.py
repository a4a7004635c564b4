"""ONNX teachers: audEERING's folder, any file of the right shape, and our own exported student."""

from pathlib import Path

import numpy as np
import pytest

from tests.published_teachers import onnx_file, speech
from toolchain.errors import UsageError
from toolchain.resources import student_dir
from toolchain.teacher.load import load

OFFSET = np.array([1, 2, 3], np.float32)


def test_plain_onnx_hears_the_waveform_as_it_is(tmp_path):
    signal = speech()
    teacher = load([f"onnx:{onnx_file(tmp_path / 'any.onnx', ('advs',))}"])
    np.testing.assert_allclose(teacher.annotate(signal), signal.mean(1, keepdims=True).repeat(3, 1), atol=1e-6)


def test_an_audonnx_folder_hears_the_normalised_waveform(tmp_path):
    onnx_file(tmp_path / "model.onnx", ("hidden_states", "logits"))
    (tmp_path / "model.yaml").write_text("!!python/object/apply:os.system ['touch executed']\n")
    teacher = load([f"onnx:{tmp_path}"])
    np.testing.assert_allclose(teacher.annotate(speech()), 0, atol=1e-6)
    assert not Path("executed").exists()


def test_our_own_exported_student_is_a_teacher(tmp_path):
    teacher = load([f"onnx:{student_dir('wav2small-17k') / 'model.onnx'}"])
    assert teacher.annotate(speech()).shape == (3, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: onnx_file(path, columns=2), r"does not give one tensor \(batch, 3\)"),
        (lambda path: onnx_file(path, ("a", "b")), r"does not give one tensor \(batch, 3\)"),
        (lambda path: path.write_bytes(b"no onnx"), "is not an ONNX model"),
        (lambda path: None, "There is no ONNX file"),
    ],
)
def test_unusable_onnx(tmp_path, make, message):
    make(tmp_path / "a.onnx")
    with pytest.raises(UsageError, match=message):
        load([f"onnx:{tmp_path / 'a.onnx'}"]).annotate(speech())


@pytest.mark.parametrize("name", ["weights.bin", "data/w", "a-long-name" * 15])
def test_weights_in_another_file_are_part_of_the_identity(tmp_path, name):
    path = onnx_file(tmp_path / "a.onnx", external=name)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(OFFSET.tobytes())
    before = load([f"onnx:{path}"])
    np.testing.assert_allclose(before.annotate(speech(1) * 0)[0], OFFSET)
    (tmp_path / "a.onnx.notes").write_text("of no concern")
    assert load([f"onnx:{path}"]).identity == before.identity
    (tmp_path / name).write_bytes((2 * OFFSET).tobytes())
    after = load([f"onnx:{path}"])
    np.testing.assert_allclose(after.annotate(speech(1) * 0)[0], 2 * OFFSET)
    assert after.identity != before.identity


@pytest.mark.parametrize("way", ["../outside.bin", "absolute", "link.bin"])
def test_weights_outside_the_folder_are_refused(tmp_path, way):
    outside = tmp_path / "outside.bin"
    outside.write_bytes(OFFSET.tobytes())
    path = onnx_file(tmp_path / "teacher/a.onnx", external=str(outside) if way == "absolute" else way)
    (tmp_path / "teacher/link.bin").symlink_to(outside)
    with pytest.raises(UsageError, match="is not an ONNX model"):
        load([f"onnx:{path}"])
