"""Corpora: the split by speaker, and what a damaged one leads to."""

import pytest

from toolchain.distill.corpus import (
    TEST_SPEAKERS,
    VALIDATION_SPEAKERS,
    read_split,
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
