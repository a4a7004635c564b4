"""ONNX files as teachers: audEERING's folder, and any file that maps a waveform to three numbers."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.published_teachers import SLOPES, onnx_file, speech
from toolchain.errors import UsageError
from toolchain.resources import student_dir
from toolchain.teacher.check import check
from toolchain.teacher.load import load


def test_plain_onnx_hears_the_waveform_as_it_is(tmp_path):
    signal = speech()
    teacher = load([f"onnx:{onnx_file(tmp_path / 'any.onnx', ('advs',))}"])
    np.testing.assert_allclose(teacher.annotate(signal), signal.mean(1, keepdims=True) * SLOPES, atol=1e-6)


def test_an_audonnx_folder_is_heard_by_its_logits_and_without_its_yaml(tmp_path):
    onnx_file(tmp_path / "model.onnx", ("hidden_states", "logits"))
    (tmp_path / "model.yaml").write_text("!!python/object/apply:os.system ['touch executed']\n")
    teacher = load([f"onnx:{tmp_path}"])
    assert teacher.is_audonnx
    np.testing.assert_allclose(teacher.annotate(speech()), speech().mean(1, keepdims=True) * 2 * SLOPES, atol=1e-6)
    assert not Path("executed").exists()


def test_weights_beside_an_onnx_file_are_part_of_its_identity(tmp_path):
    path = onnx_file(tmp_path / "a.onnx", external="a.onnx.data")
    identities = set()
    for factor in (1, 5):
        (tmp_path / "a.onnx.data").write_bytes((factor * SLOPES).astype("<f4").tobytes())
        teacher = load([f"onnx:{path}"])
        expected = speech().mean(1, keepdims=True) * factor * SLOPES
        np.testing.assert_allclose(teacher.annotate(speech()), expected, atol=1e-6)
        identities.add(teacher.identity)
    assert len(identities) == 2


@pytest.mark.parametrize("location", ["../weights", "{folder}/weights", "other.bin"])
def test_weights_elsewhere_are_refused(tmp_path, monkeypatch, location):
    for place in ("weights", "folder/other.bin"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(SLOPES.tobytes())
    monkeypatch.chdir(tmp_path / "folder")
    path = onnx_file(tmp_path / "folder" / "a.onnx", external=location.format(folder=tmp_path))
    with pytest.raises(UsageError, match="is not an ONNX model that ONNX Runtime can load"):
        load([f"onnx:{path}"])


def test_an_onnx_teacher_that_cannot_hear_so_little(tmp_path):
    teacher = load([f"onnx:{student_dir('wav2small-17k') / 'model.onnx'}"])
    with pytest.raises(UsageError, match="cannot hear 20 samples"):
        teacher.annotate(speech(1, 20))


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


def test_only_the_published_onnx_form_has_published_answers(tmp_path):
    onnx_file(tmp_path / "audonnx" / "model.onnx", ("hidden_states", "logits"))
    assert [answer.agrees for answer in check(load([f"onnx:{tmp_path / 'audonnx'}"]))] == [False, False]
    assert all(answer.published is None for answer in check(load([f"onnx:{onnx_file(tmp_path / 'a.onnx')}"])))


def test_onnx_is_checked_by_its_own_checker(tmp_path):
    onnx.checker.check_model(str(onnx_file(tmp_path / "a.onnx")))
