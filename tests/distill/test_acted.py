"""Teacher and student from start to end on a tiny corpus."""

import dataclasses

import numpy as np
import pytest
import torch

from toolchain.distill.acted import RECIPE, member_folders, train_acted_teacher
from toolchain.distill.card import write_student_card, write_teacher_card
from toolchain.distill.division import divide
from toolchain.distill.evaluate import concordance, predict
from toolchain.distill.guide import TeacherGuide, answered
from toolchain.distill.processes import Processes
from toolchain.distill.recordings import Recordings, load_recordings
from toolchain.distill.student import distill, recipe

ALONE = Processes(0, 1, torch.device("cpu"))
SHORT = {"batch": 4, "crop_seconds": (0.25, 0.25), "augment": 0.2}
TEACHER = dataclasses.replace(RECIPE, epochs=24, mixup=0.0, learning_rate=5e-3, **SHORT)


@pytest.fixture(scope="module")
def taught(tiny_corpus, tmp_path_factory):
    """A teacher of two members that has heard the tiny corpus, and its folder."""
    out = tmp_path_factory.mktemp("teacher")
    return train_acted_teacher(TEACHER, tiny_corpus, out, ALONE, members=2), out


def test_the_teacher_learns_and_its_card_says_what_it_is(taught, tiny_corpus):
    teacher, out = taught
    heard = load_recordings(divide(tiny_corpus).train)
    assert concordance(answered(teacher, heard).targets, heard.targets)["arousal"] > 0.3
    write_teacher_card(out, tiny_corpus, member_folders(TEACHER, out, 2))
    card = (out / "card.md").read_text()
    assert card.startswith("# acted: ") and "(1, 2)" in card and "| test, ravdess | teacher | words |" in card


def test_a_finished_teacher_is_not_trained_again(taught, tiny_corpus):
    teacher, out = taught
    steps = []
    again = train_acted_teacher(TEACHER, tiny_corpus, out, ALONE, 2, lambda done, total: steps.append(done))
    assert again.identity == teacher.identity and not steps


def test_the_student_follows_the_teacher_without_labels(taught, tiny_corpus, tmp_path):
    teacher, _ = taught
    config = dataclasses.replace(recipe("wav2small-17k"), epochs=10, fake_quant_epochs=2, **SHORT)
    student = distill(config, tiny_corpus, TeacherGuide(teacher), tmp_path, ALONE)
    heard = load_recordings(divide(tiny_corpus).train)
    assert concordance(predict(student, heard.pcm), answered(teacher, heard).targets)["arousal"] > 0.2
    write_student_card(tmp_path, tiny_corpus, TeacherGuide(teacher))
    card = (tmp_path / "card.md").read_text()
    assert teacher.identity in card and "| test, ravdess | float student | teacher |" in card and "seed 1" in card


def test_what_is_too_short_for_a_teacher_is_repeated(taught):
    teacher, _ = taught
    short = np.arange(100, dtype=np.int16)
    heard = Recordings([short], np.zeros((1, 3), np.float32), ("a",))
    assert answered(teacher, heard).targets.shape == (1, 3)
