"""Targets derived from emotion words."""

import numpy as np
import pytest

from toolchain.errors import UsageError
from toolchain.teacher.emotion import target


def test_order_is_arousal_dominance_valence_around_one_half():
    np.testing.assert_allclose(target("angry", "strong"), [0.5 + 0.59 / 2, 0.5 + 0.25 / 2, 0.5 - 0.51 / 2])
    np.testing.assert_array_equal(target("neutral", "normal"), [0.5, 0.5, 0.5])


def test_intensity_scales_the_distance_from_neutral():
    weak, graded, strong = (target("fearful", i) - 0.5 for i in ("normal", "", "strong"))
    np.testing.assert_allclose(weak, 0.6 * strong, rtol=1e-6)
    np.testing.assert_allclose(graded, 0.8 * strong, rtol=1e-6)


@pytest.mark.parametrize(("nemo", "ravdess"), [("anger", "angry"), ("happiness", "happy"), ("fear", "fearful")])
def test_both_corpora_mean_the_same(nemo, ravdess):
    np.testing.assert_array_equal(target(nemo), target(ravdess))


@pytest.mark.parametrize(("emotion", "intensity"), [("bored", ""), ("angry", "huge")])
def test_unknown_words_are_named(emotion, intensity):
    with pytest.raises(UsageError, match=intensity or emotion):
        target(emotion, intensity)
