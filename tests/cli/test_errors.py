import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile

from tests.processes import takes_ctrl_c
from toolchain.audio import corpus


def _assert_sentence(called, code, *parts):
    assert called.code == code
    assert "Traceback" not in called.err
    *_, sentence = called.err.partition("error: ")
    assert all(part in sentence for part in parts), called.err


def test_an_unknown_target_names_the_nearest(cli):
    _assert_sentence(cli("build", "--target", "mps2-an368"), 2, "'mps2-an368'", "did you mean 'mps2-an386'?")


def test_an_unknown_model_names_the_nearest(cli):
    called = cli("build", "--target", "host", "--model", "wav2small-27k")
    _assert_sentence(called, 2, "'wav2small-27k'", "did you mean 'wav2small-")


def test_a_student_folder_without_a_student(cli, tmp_path):
    _assert_sentence(cli("build", "--target", "host", "--student", tmp_path), 2, "holds no quantised student")
    _assert_sentence(cli("build", "--target", "host", "--student", tmp_path / "absent"), 2, "there is no folder")


def test_a_corrupt_student(cli, tmp_path):
    (tmp_path / "quantized.safetensors").write_bytes(bytes(100))
    _assert_sentence(cli("build", "--target", "host", "--student", tmp_path), 2, "is not a quantised student")


def test_verify_without_a_build(cli, tmp_path, corpus_dir):
    called = cli("verify", "--target", "host", "--out", tmp_path, "--corpus", corpus_dir, "--clips", 1)
    _assert_sentence(called, 2, "there is no finished build", "toolchain build")


def test_no_compiler(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    called = cli("build", "--target", "mps2-an386", "--out", tmp_path / "build")
    _assert_sentence(called, 3, "'arm-none-eabi-gcc' is not installed", "apt-get install")
    assert not (tmp_path / "build" / "mps2-an386" / "wav2small-17k").exists()


def test_no_recordings(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "_INSTALLED", tmp_path / "absent")
    called = cli("run", "--target", "host", "--out", tmp_path)
    _assert_sentence(called, 3, "asterisk-core-sounds-en-wav", "--corpus")


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(0), "is empty"),
        (np.zeros(16_000), "is silent"),
        (np.full(16_000, np.nan), "NaN"),
        (np.linspace(-1, 1, 40), "shorter than one frame"),
        (np.linspace(-1, 1, 12_000), "shorter than the window"),
    ],
)
def test_unusable_audio_is_refused_before_anything_is_written(cli, tmp_path, samples, reason):
    path = tmp_path / "clip.wav"
    soundfile.write(path, samples, 16_000, subtype="FLOAT")
    _assert_sentence(cli("run", "--target", "host", "--corpus", path, "--out", tmp_path / "build"), 2, reason)
    assert not (tmp_path / "build").exists()


def test_an_output_folder_that_cannot_be_made(cli, tmp_path):
    (tmp_path / "file").write_text("")
    called = cli("build", "--target", "host", "--out", tmp_path / "file")
    assert called.code in (1, 4)
    assert called.err.count("error: ") == 1
    assert "Traceback" not in called.err


def test_wrong_options_are_usage_errors(cli):
    assert cli("build").code == 2
    assert cli("build", "--target", "host", "--bogus").code == 2
    assert cli("verify", "--target", "host", "--clips", "0").code == 2


def test_a_missing_extra_says_which_line_installs_it(cli, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "toolchain.model.checkpoint", None)
    called = cli("quantize", "model.safetensors", "--out", tmp_path / "student")
    _assert_sentence(called, 3, "the extra 'convert'", 'pip install "wav2small-toolchain[convert]"')


def test_ctrl_c_ends_with_130_and_no_traceback(tmp_path, corpus_dir):
    command = [sys.executable, "-m", "toolchain", "run", "--target", "host", "--out", str(tmp_path)]
    process = subprocess.Popen(
        [*command, "--corpus", str(corpus_dir)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=takes_ctrl_c,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("verifying"):
            break
    time.sleep(1)
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in err
