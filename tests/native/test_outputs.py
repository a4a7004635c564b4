"""The int8 answers are those of the reference, with a compiler and without."""

import numpy as np
import pytest

from tests.builds import need, student_of
from toolchain.native import int8_outputs
from toolchain.reference.engine import run


@pytest.mark.parametrize("compiler", ["installed", "missing"])
def test_answers_are_those_of_the_reference(compiler, monkeypatch, tmp_path, speech_clips) -> None:
    if compiler == "installed":
        need("gcc")
    else:
        monkeypatch.setenv("PATH", str(tmp_path))
    student = student_of("wav2small-17k")
    clips = [pcm[:16_000] for pcm in speech_clips[:4]]
    expected = np.array([run(student, pcm).values for pcm in clips]).astype(np.float32)
    answers = int8_outputs(student, clips)
    assert answers.dtype == np.float32
    np.testing.assert_array_equal(answers, expected)
