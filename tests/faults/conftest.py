"""The real firmware on the host, with the sanitizers in it, and the session that is tried."""

import pytest

from tests.builds import build_once, student_of
from toolchain.faults import Plan, make_task, measure_session
from toolchain.target import load_target

MODEL = "wav2small-17k"


@pytest.fixture(scope="session")
def student():
    return student_of(MODEL)


@pytest.fixture(scope="session")
def task(student):
    return make_task(student, load_target("host"), build_once("host", MODEL, sanitized=True))


@pytest.fixture(scope="session")
def plan(task):
    """Every 500th single fault, and a few random sessions."""
    return Plan(measure_session(task, seed=0), seed=0, random_sessions=20, share=0.002)
