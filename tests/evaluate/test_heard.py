"""What is heard of a corpus, and what students are compared with."""

import numpy as np
import pytest
import soundfile

from toolchain.corpora import Split
from toolchain.distill.evaluate import concordance, predict
from toolchain.errors import UsageError
from toolchain.evaluate.heard import Heard, agreements, hear
from toolchain.model.checkpoint import load
from toolchain.model.students import create
from toolchain.quantize.folder import StudentFolder
from toolchain.quantize.student_file import load_student
from toolchain.reference.engine import run
from toolchain.resources import student_dir
from toolchain.teacher.base import Teacher


class Loudness(Teacher):
    """Answers with the level, three times."""

    kind, identity, shortest = "loudness", "00", 64

    def annotate(self, signal):
        return np.repeat(np.sqrt((signal**2).mean(axis=1, keepdims=True)), 3, axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def acted(tmp_path_factory, speech_clips):
    """Two recordings of each of a training, a validation and two test speakers."""
    root = tmp_path_factory.mktemp("corpora")
    lines = ["file,emotion,intensity,actor"]
    (root / "ravdess").mkdir()
    for index, (actor, emotion) in enumerate((a, e) for a in (1, 19, 21, 22) for e in ("angry", "sad")):
        soundfile.write(root / "ravdess" / f"{index}.wav", speech_clips[index], 16_000)
        lines.append(f"{index}.wav,{emotion},strong,{actor}")
    (root / "ravdess" / "metadata.csv").write_text("\n".join(lines) + "\n")
    return root


def test_the_part_that_was_asked_for_is_heard(acted):
    (test,), (validation,) = hear(acted, Split.TEST, None), hear(acted, Split.VALIDATION, None)
    assert (test.corpus, len(test.pcm), len(validation.pcm)) == ("ravdess", 4, 2)
    assert list(test.truths) == ["corpus"]


def test_a_teacher_is_asked_beside_the_corpus(acted):
    (heard,) = hear(acted, Split.TEST, Loudness())
    assert list(heard.truths) == ["teacher", "corpus"]
    level = np.sqrt(np.mean((heard.pcm[0] / 32768.0) ** 2))
    assert heard.truths["teacher"][0] == pytest.approx(level, rel=1e-4)


def test_a_plain_folder_is_heard_whole_and_needs_a_teacher(tmp_path, speech_clips):
    soundfile.write(tmp_path / "a.wav", speech_clips[0], 16_000)
    with pytest.raises(UsageError, match="says nothing of arousal") as info:
        hear(tmp_path, Split.TEST, None)
    assert "--teacher" in info.value.hint
    (heard,) = hear(tmp_path, Split.TEST, Loudness())
    assert len(heard.pcm) == 1 and list(heard.truths) == ["teacher"]


def test_agreement_is_the_ccc_and_leaves_out_what_is_unknown(speech_clips):
    network = create("wav2small-17k").eval()
    pcm = (*(clip[:16_000] for clip in speech_clips[:4]), speech_clips[4][:10])
    own = predict(network, [*pcm[:4], np.resize(pcm[4], 64)])
    own[0] = np.nan
    shifted = own + 10
    heard = Heard("made-up", pcm, {"teacher": own, "corpus": shifted})
    with_teacher, with_corpus = agreements(network, [heard])
    assert with_teacher.recordings == 4
    assert (with_teacher.arousal, with_teacher.dominance, with_teacher.valence) == pytest.approx((1, 1, 1), abs=1e-6)
    assert with_corpus.arousal < 0.01


def test_the_quantised_form_is_compared_with_the_float_one_too(speech_clips):
    folder = StudentFolder(student_dir("wav2small-17k"))
    network, quantized = load(folder.path), load_student(folder.quantized)
    pcm = tuple(clip[:16_000] for clip in speech_clips[:6])
    float_outputs = predict(network, pcm)
    int8_outputs = np.array([run(quantized, clip).values for clip in pcm], np.float32)
    found = agreements(network, [Heard("made-up", pcm, {"teacher": int8_outputs})], quantized)
    assert [(item.form, item.against) for item in found] == [
        ("float", "teacher"), ("int8", "teacher"), ("int8", "float")
    ]  # fmt: skip
    as_teacher, itself, as_float = ((item.arousal, item.dominance, item.valence) for item in found)
    assert itself == pytest.approx((1, 1, 1), abs=1e-6)
    assert as_teacher == pytest.approx(as_float, abs=1e-6)
    assert as_float == pytest.approx(tuple(concordance(int8_outputs, float_outputs).values()), abs=1e-6)
    assert all(0.9 < value < 1 for value in as_float)


def test_a_corpus_without_targets_can_be_heard_all_the_same(tmp_path, speech_clips):
    soundfile.write(tmp_path / "a.wav", speech_clips[0], 16_000)
    (heard,) = hear(tmp_path, Split.TEST, None, need_truth=False)
    assert len(heard.pcm) == 1 and not heard.truths


def test_one_recording_has_no_ccc(speech_clips):
    network = create("wav2small-17k").eval()
    one = Heard("made-up", (speech_clips[0],), {"teacher": np.zeros((1, 3), np.float32)})
    (agreement,) = agreements(network, [one])
    assert agreement.recordings == 1
    assert agreement.arousal is None or -1 <= agreement.arousal <= 1
