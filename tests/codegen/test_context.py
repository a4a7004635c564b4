"""Tables that hold the student's numbers in another form."""

import numpy as np
import pytest

from tests.random_student import random_student
from toolchain.codegen.context import engine_context
from toolchain.codegen.kernels import KERNELS
from toolchain.model_names import MODELS
from toolchain.reference.fixed_point import exp2_negative_q20, rounding_shift_right
from toolchain.reference.head import project


def words(texts: object) -> np.ndarray:
    return np.array([int(text, 16) for text in texts], np.int64)


def signed(halves: np.ndarray) -> np.ndarray:
    return (halves & 0xFFFF).astype(np.uint16).view(np.int16).astype(np.int64)


@pytest.mark.parametrize("model", MODELS)
def test_twiddles_are_negated_cosines_and_sines(model: str) -> None:
    student = random_student(model)
    table = words(engine_context(student, KERNELS["plain"]).front_end.twiddle)
    assert (-signed(table) == student.front_end.cosine).all()
    assert (-signed(table >> 16) == student.front_end.sine).all()


@pytest.mark.parametrize("model", MODELS)
def test_mel_taps_are_the_filters(model: str) -> None:
    front_end = random_student(model).front_end
    taps = words(engine_context(random_student(model), KERNELS["plain"]).front_end.mel_taps)
    bands = np.split(taps, np.flatnonzero(taps >> 31)[:-1] + 1)
    weights = np.split(front_end.mel_weight, np.cumsum(front_end.mel_bins)[:-1])
    assert len(bands) == len(front_end.mel_bins)
    for band, first, bins, weight in zip(bands, front_end.mel_first_bin, front_end.mel_bins, weights, strict=True):
        if bins == 0:
            assert (band & 0xFFFF).tolist() == [0]
        else:
            assert ((band >> 16 & 0x7FFF) == first + np.arange(bins)).all()
            assert ((band & 0xFFFF) == weight).all()


def test_exponentials_are_those_of_every_score() -> None:
    student = random_student("wav2small-17k")
    head = student.head
    table = words(engine_context(student, KERNELS["plain"]).head.exponential)
    scores = np.arange(-128, 128)
    logits = rounding_shift_right(scores * head.logit_multiplier[0].astype(np.int64), head.logit_shift)
    octaves = (logits + 0xFFFF) >> 16
    assert ((table & 1023) - 512 == octaves).all()
    for below in range(21):
        expected = exp2_negative_q20(((octaves + below) << 16) - logits, head.exp2_table)
        assert ((((table >> (10 + below)) + 1) >> 1) == expected).all()


def test_projections_of_unsigned_bytes_are_those_of_signed_ones() -> None:
    student = random_student("wav2small-72k")
    head = engine_context(student, KERNELS["plain"]).head
    tokens = np.random.default_rng(0).integers(-128, 128, (20, 169)).astype(np.int8)
    raised = tokens.astype(np.int64) + 128
    for weight, bias, projection in (
        (head.lin_weight, head.lin_bias, student.head.value_projection),
        (head.sof_weight, head.sof_bias, student.head.logit_projection),
    ):
        assert projection is not None
        assert np.min(weight) >= 0 and np.max(weight) <= 255
        sums = raised @ np.array(weight).T + np.array(bias) - 128 * raised.sum(axis=1, keepdims=True)
        assert (sums == project(tokens, projection)).all()
