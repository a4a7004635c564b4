"""``toolchain evaluate``: its table, its JSON, and what it refuses."""

import json

import pytest
import soundfile

from toolchain.evaluate.result import Evaluation
from toolchain.quantize.folder import CHECKPOINT, QUANTIZED
from toolchain.resources import student_dir


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, speech_clips):
    """One training and one validation recording, and four of a test speaker."""
    folder = tmp_path_factory.mktemp("corpora") / "ravdess"
    folder.mkdir()
    lines = ["file,emotion,intensity,actor"]
    speakers = (1, 19, 21, 21, 21, 21)
    emotions = ("sad", "sad", "angry", "sad", "happy", "calm")
    for index, (actor, emotion) in enumerate(zip(speakers, emotions, strict=True)):
        soundfile.write(folder / f"{index}.wav", speech_clips[index][:32_000], 16_000)
        lines.append(f"{index}.wav,{emotion},strong,{actor}")
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n")
    return folder.parent


def test_json_of_a_bundled_student_on_a_corpus(cli, corpus):
    called = cli("evaluate", "wav2small-17k", "--corpus", corpus, "--teacher", "acted", "--json")
    assert called.code == 0, called.err
    found = Evaluation.model_validate_json(called.out)
    assert found.split == "test" and len(found.teacher) == 64
    assert found.versions.keys() == {"torch", "onnxruntime"}
    (row,) = found.rows
    assert (row.student, row.model, row.trained) == ("wav2small-17k", "wav2small-17k", True)
    assert [(item.corpus, item.against, item.recordings) for item in row.agreement] == [
        ("ravdess", "teacher", 4),
        ("ravdess", "corpus", 4),
    ]
    assert all(-1 <= value <= 1 for item in row.agreement for value in (item.arousal, item.dominance, item.valence))
    assert (row.costs.parameters_trained, row.costs.parameters) == (10_806, 15_030)
    assert round(row.costs.macs / 1e6) == 62
    # The bundled file differs in the SHA-256 that its metadata name.
    assert abs(row.costs.onnx_int8_bytes - (student_dir("wav2small-17k") / "model.int8.onnx").stat().st_size) < 500
    assert row.costs.runtime.seconds == 5.0 and row.costs.runtime.latency.median_ms > 0


def test_the_quantised_form_on_any_folder_of_audio(cli, tmp_path, speech_clips):
    for index, pcm in enumerate(speech_clips[:5]):
        soundfile.write(tmp_path / f"{index}.wav", pcm, 16_000)
    called = cli("evaluate", "wav2small-17k", "--corpus", tmp_path, "--int8")
    assert called.code == 0, called.err
    assert "also compared with the float student" in " ".join(called.out.split())
    (row,) = (line.split() for line in called.out.splitlines() if "wav2small-17k int8" in line)
    assert row[-5:-3] == ["float", "5"]
    assert all(0.5 < float(value) <= 1 for value in row[-3:])


def test_a_form_that_is_not_there_is_named(cli, tmp_path):
    called = cli("evaluate", "wav2small-17k", "--int8")
    assert called.code == 2 and "--int8 runs students on a corpus" in called.err
    (tmp_path / CHECKPOINT).write_bytes((student_dir("wav2small-17k") / CHECKPOINT).read_bytes())
    called = cli("evaluate", tmp_path, "--int8", "--corpus", tmp_path)
    assert called.code == 2 and "holds no quantised student" in called.err
    (tmp_path / QUANTIZED).write_bytes((student_dir("wav2small-72k") / QUANTIZED).read_bytes())
    called = cli("evaluate", tmp_path, "--int8", "--corpus", tmp_path)
    assert called.code == 2 and "come from different checkpoints" in called.err


def test_table_of_a_file_without_a_corpus(cli):
    called = cli("evaluate", student_dir("wav2small-72k") / CHECKPOINT)
    assert called.code == 0, called.err
    assert "67.6 K" in called.out and "72.7 K" in called.out
    assert "75.9 M" in called.out
    assert "arousal" not in called.out


def test_costs_of_an_untrained_student(cli):
    called = cli("evaluate", "--untrained", "mobilenetv3-small", "--json")
    assert called.code == 0, called.err
    (row,) = json.loads(called.out)["rows"]
    assert (row["student"], row["trained"], row["agreement"]) == ("mobilenetv3-small", False, [])
    # Its 1.5 M weights in bytes, scales, and the graph.
    assert 1.5e6 < row["costs"]["onnx_int8_bytes"] < 2.2e6


def test_what_cannot_be_evaluated_is_said_in_a_sentence(cli, tmp_path):
    assert "which students?" in cli("evaluate").err
    called = cli("evaluate", tmp_path / "missing.safetensors")
    assert called.code == 2 and "does not exist" in called.err
    called = cli("evaluate", "wav2small-17k", "--teacher", "acted")
    assert called.code == 2 and "a teacher hears a corpus, and none is named" in called.err
    assert cli("evaluate", "--untrained", "mobilenetv9").code == 2


@pytest.mark.parametrize("arguments", [("build", "--target", "host"), ("run", "--target", "host")])
def test_another_student_is_refused_where_a_board_is_needed(cli, arguments):
    called = cli(*arguments, "--model", "mobilenetv4-small")
    assert called.code == 2
    assert "mobilenetv4-small does not reach a board" in called.err
