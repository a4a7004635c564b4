"""The firmware for the host, and short clips that it runs."""

import pytest

from tests.builds import build_once, student_of
from toolchain.soak import Job, empty_row, make_task, speech
from toolchain.target import load_target

MODEL = "wav2small-17k"
SECONDS = 0.05


@pytest.fixture(scope="session")
def student():
    return student_of(MODEL)


@pytest.fixture(scope="session")
def task(student):
    clips = speech(SECONDS)
    return make_task(student, load_target("host"), build_once("host", MODEL), clips, seed=0, wanted=100)


@pytest.fixture
def job_of(student):
    """A board's work from the beginning."""

    def make(task, board="host"):
        return Job(task, empty_row(board, student, task, SECONDS))

    return make
