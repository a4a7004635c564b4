"""The backbone of each bundled student against TensorFlow Lite Micro, bit for bit, on real speech."""

import numpy as np
import pytest

from toolchain.model_names import MODELS
from toolchain.quantize.folder import BACKBONE, QUANTIZED
from toolchain.quantize.student_file import load_student
from toolchain.quantize.tflm import run_tflm
from toolchain.reference.engine import run
from toolchain.resources import student_dir


@pytest.mark.parametrize("model", MODELS)
def test_backbone_equals_tflm_on_twenty_clips(model: str, speech_clips: list[np.ndarray]) -> None:
    student = load_student(student_dir(model) / QUANTIZED)
    tflite = (student_dir(model) / BACKBONE).read_bytes()
    assert len(speech_clips) >= 20
    for pcm in speech_clips:
        assert 16_000 <= len(pcm) <= 80_000
        rows = run(student, pcm).rows
        for name, expected in run_tflm(tflite, rows["logmel"]).items():
            assert np.array_equal(rows[name], expected), name
