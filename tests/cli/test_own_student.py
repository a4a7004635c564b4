import json

from toolchain.resources import student_dir


def test_a_checkpoint_becomes_a_student_that_runs(cli, tmp_path, corpus_dir):
    student = tmp_path / "student"
    manifest = json.loads(cli("quantize", student_dir("wav2small-17k"), "--out", student, "--clips", 6, "--json").out)
    assert len(manifest["calibration"]) == 6
    called = cli(
        "run", "--target", "host", "--student", student, "--out", tmp_path, "--corpus", corpus_dir, "--clips", 4
    )
    assert "4 of 4 equal to the integer reference" in called.out
    called = cli("build", "--target", "host", "--student", student, "--model", "wav2small-72k", "--out", tmp_path)
    assert called.code == 2
    assert "holds a wav2small-17k, not a wav2small-72k" in called.err


def test_export_writes_the_float_forms_only(cli, tmp_path):
    called = cli("export", student_dir("wav2small-17k"), "--out", tmp_path / "student")
    assert called.code == 0
    names = {path.name for path in (tmp_path / "student").iterdir()}
    assert names == {"manifest.json", "model.float.tflite", "model.onnx", "model.safetensors"}


def test_a_checkpoint_of_another_model_is_refused(cli, tmp_path):
    called = cli("quantize", student_dir("wav2small-17k"), "--model", "wav2small-72k", "--out", tmp_path / "student")
    assert called.code == 2
    assert "error: " in called.err
    assert not (tmp_path / "student").exists()


def test_training_needs_a_corpus(cli, tmp_path):
    called = cli("distill", tmp_path, "--out", tmp_path / "student")
    assert called.code == 2
    assert "holds no WAV" in called.err
    assert not (tmp_path / "student").exists()
