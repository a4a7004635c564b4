import math

import audmetric
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolchain.verify.metrics import ccc, pearson, rmse

_PAIRS = st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), min_size=3, max_size=30)


@given(_PAIRS)
def test_ccc_equals_audmetric(pairs):
    truth, prediction = np.array(pairs).T
    expected = audmetric.concordance_cc(truth, prediction)
    if np.ptp(truth) + np.ptp(prediction) > 1e-6:
        assert ccc(truth, prediction) == pytest.approx(expected, abs=1e-9)


def test_pearson_equals_audmetric():
    truth, prediction = np.random.default_rng(0).normal(size=(2, 50))
    assert pearson(truth, prediction) == pytest.approx(audmetric.pearson_cc(truth, prediction), abs=1e-12)


def test_a_constant_offset_lowers_ccc_but_not_pearson():
    truth = np.linspace(0, 1, 20)
    assert pearson(truth, truth + 0.5) == pytest.approx(1.0)
    assert ccc(truth, truth + 0.5) < 0.5
    assert rmse(truth, truth + 0.5) == pytest.approx(0.5)


def test_undefined_figures_are_nan():
    assert math.isnan(ccc([1.0], [1.0]))
    assert math.isnan(ccc([1.0, 1.0], [1.0, 1.0]))
    assert math.isnan(pearson([1.0, 1.0], [0.0, 1.0]))
