"""How corpora are divided, and what a damaged one leads to."""

import numpy as np
import pytest

from toolchain.corpora.metadata import TEST_SPEAKERS, VALIDATION_SPEAKERS
from toolchain.distill.division import divide
from toolchain.errors import UsageError


def speakers(entries):
    return {entry.speaker for entry in entries}


def test_no_speaker_is_in_two_parts(tiny_corpus):
    split = divide(tiny_corpus)
    assert speakers(split.train) == {"ravdess/1", "ravdess/2", "ravdess/3"}
    assert speakers(split.validation) == {"ravdess/19"}
    assert speakers(split.test) == {"ravdess/21"}


def test_test_speakers_of_the_real_corpora_never_train(corpus_dir):
    if not list(corpus_dir.glob("*/metadata.csv")):
        pytest.skip("the labelled corpora are not on this machine")
    split = divide(corpus_dir)
    assert speakers(split.test) == TEST_SPEAKERS
    assert speakers(split.validation) == VALIDATION_SPEAKERS
    assert not speakers(split.train) & (TEST_SPEAKERS | VALIDATION_SPEAKERS)
    assert {entry.path.name for entry in split.test}.isdisjoint(entry.path.name for entry in split.train)
    assert len(split.train) + len(split.validation) + len(split.test) == 3595


def test_a_corpus_folder_itself_is_accepted(tiny_corpus):
    inner, outer = divide(tiny_corpus / "ravdess"), divide(tiny_corpus)
    assert [entry.path for entry in inner.train] == [entry.path for entry in outer.train]


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("file,emotion\na.wav,angry\n", "lacks its file, or its speaker"),
        ("file,emotion,actor\n../a.wav,angry,1\n", "outside its folder"),
        ("file,emotion,actor\na.wav,bored,1\n", "bored"),
        ("file,emotion,actor\na.wav,angry,1\n", "lacks training or validation"),
        ("", "lacks training or validation"),
    ],
)
def test_damaged_metadata(tmp_path, metadata, message):
    (tmp_path / "metadata.csv").write_text(metadata)
    with pytest.raises(UsageError, match=message):
        divide(tmp_path)


def test_a_corpus_without_divisions_lets_a_tenth_of_its_speakers_choose(tmp_path):
    lines = ["file,speaker"]
    for speaker in range(60):
        for take in range(3):
            (tmp_path / f"{speaker}-{take}.wav").touch()
            lines.append(f"{speaker}-{take}.wav,{speaker}")
    (tmp_path / "list.csv").write_text("\n".join(lines))
    division = divide(tmp_path / "list.csv")
    chooses = speakers(division.validation)
    assert 2 <= len(chooses) <= 12 and chooses.isdisjoint(speakers(division.train))
    assert not division.test and division.targets == "" and np.isnan(division.train[0].target).all()
    assert speakers(divide(tmp_path / "list.csv").validation) == chooses


def test_ratings_of_people_are_targets_to_report_against(tmp_path):
    (tmp_path / "Audios").mkdir()
    (tmp_path / "Labels").mkdir()
    table = "FileName,SpkrID,Split_Set,EmoAct,EmoVal,EmoDom\n"
    table += "a.wav,1,Train,7,1,4\nb.wav,2,Development,4,4,4\nc.wav,3,Test1,1,7,4\n"
    (tmp_path / "Labels/labels_consensus.csv").write_text(table)
    division = divide(tmp_path)
    assert [len(part) for part in (division.train, division.validation, division.test)] == [1, 1, 1]
    assert division.targets == "ratings"
    np.testing.assert_allclose(division.train[0].target, [1, 0.5, 0])


def test_folder_without_recordings(tmp_path):
    with pytest.raises(UsageError, match="holds no WAV"):
        divide(tmp_path)
