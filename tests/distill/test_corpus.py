"""Corpora: the split by speaker, and what a damaged one leads to."""

import numpy as np
import pytest

from toolchain.distill.corpus import (
    TEST_SPEAKERS,
    VALIDATION_SPEAKERS,
    load_recordings,
    read_split,
    trim_silence,
)
from toolchain.errors import UsageError


def speakers(entries):
    return {entry.speaker for entry in entries}


def test_no_speaker_is_in_two_parts(tiny_corpus):
    split = read_split(tiny_corpus)
    assert speakers(split.train) == {"ravdess/1", "ravdess/2", "ravdess/3"}
    assert speakers(split.validation) == {"ravdess/19"}
    assert speakers(split.test) == {"ravdess/21"}


def test_test_speakers_of_the_real_corpora_never_train(corpus_dir):
    if not list(corpus_dir.glob("*/metadata.csv")):
        pytest.skip("the labelled corpora are not on this machine")
    split = read_split(corpus_dir)
    assert speakers(split.test) == TEST_SPEAKERS
    assert speakers(split.validation) == VALIDATION_SPEAKERS
    assert not speakers(split.train) & (TEST_SPEAKERS | VALIDATION_SPEAKERS)
    assert {entry.path.name for entry in split.test}.isdisjoint(entry.path.name for entry in split.train)
    assert len(split.train) + len(split.validation) + len(split.test) == 3595


def test_a_corpus_folder_itself_is_accepted(tiny_corpus):
    inner, outer = read_split(tiny_corpus / "ravdess"), read_split(tiny_corpus)
    assert [entry.path for entry in inner.train] == [entry.path for entry in outer.train]


def test_recordings_are_pcm_with_one_target_each(tiny_corpus):
    entries = read_split(tiny_corpus).test
    recordings = load_recordings(entries)
    assert len(recordings) == 4 and recordings.targets.shape == (4, 3)
    assert all(pcm.dtype == np.int16 and len(pcm) == 6400 for pcm in recordings.pcm)


def test_trimming_keeps_a_fifth_of_a_second_around_the_voice():
    voice = (3000 * np.sin(np.arange(8000) / 5)).astype(np.int16)
    pcm = np.concatenate([np.zeros(16_000, np.int16), voice, np.zeros(16_000, np.int16)])
    trimmed = trim_silence(pcm)
    assert len(trimmed) == 8000 + 2 * 3200
    np.testing.assert_array_equal(trimmed[3200:11_200], voice)
    silence = np.zeros(500, np.int16)
    np.testing.assert_array_equal(trim_silence(silence), silence)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("file,emotion\na.wav,angry\n", "lacks its file, emotion, or speaker"),
        ("file,emotion,actor\n../a.wav,angry,1\n", "outside its folder"),
        ("file,emotion,actor\na.wav,bored,1\n", "bored"),
        ("file,emotion,actor\na.wav,angry,1\n", "lacks training or validation"),
        ("", "lacks training or validation"),
    ],
)
def test_damaged_metadata(tmp_path, metadata, message):
    (tmp_path / "metadata.csv").write_text(metadata)
    with pytest.raises(UsageError, match=message):
        read_split(tmp_path)


def test_folder_without_corpus(tmp_path):
    with pytest.raises(UsageError, match=r"no metadata\.csv"):
        read_split(tmp_path)
