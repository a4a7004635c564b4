"""The one-pass integer head against the definition in float."""

import numpy as np
import pytest

from tests.random_student import random_student
from toolchain.quantize.student import CHANNELS, FEATURES
from toolchain.reference.head import attention_pool, gather_tokens, gram, linear


def softmax_mean(values: np.ndarray, logits: np.ndarray) -> np.ndarray:
    weights = np.exp2((logits - logits.max(axis=0)) / 65536)
    return (weights * values).sum(axis=0) / weights.sum(axis=0)


@pytest.mark.parametrize("spread", [0.1, 2.0, 30.0])
@pytest.mark.parametrize("times", [1, 2, 250, 3000])
def test_attention_is_a_softmax_in_one_pass(times: int, spread: float) -> None:
    rng = np.random.default_rng(times)
    head = random_student("wav2small-17k").head
    values = rng.integers(-255, 256, (times, FEATURES))
    logits = np.rint(rng.normal(0, spread * 65536, (times, FEATURES))).astype(np.int64)
    pooled = attention_pool(values, logits, head) / 2**head.pooled_fraction_bits
    assert np.abs(pooled - softmax_mean(values, logits)).max() < 0.01  # of 255


def test_rising_logits_rescale_the_sums() -> None:
    head = random_student("wav2small-17k").head
    logits = np.repeat(np.arange(0, 200)[:, np.newaxis] * 65536, FEATURES, axis=1)
    values = np.repeat(np.arange(200)[:, np.newaxis], FEATURES, axis=1)
    pooled = attention_pool(values, logits, head) / 2**head.pooled_fraction_bits
    assert np.allclose(pooled, softmax_mean(values, logits), atol=1e-3)


@pytest.mark.parametrize("times", [1, 2, 12, 13, 14, 51, 250, 251])
def test_tokens_are_those_of_the_networks_reshape(times: int) -> None:
    rows = np.random.default_rng(times).integers(-128, 128, (times, 13, CHANNELS)).astype(np.int8)
    reshaped = rows.transpose(2, 0, 1).reshape(times, FEATURES)
    gathered = gather_tokens(rows)
    assert sorted(map(bytes, gathered)) == sorted(map(bytes, reshaped))


def test_gram_is_the_upper_triangle_of_the_product_with_its_transpose() -> None:
    pooled = np.random.default_rng(0).integers(-(2**24), 2**24, FEATURES)
    x = pooled.reshape(13, CHANNELS).T / 65536
    exact = (x @ x.T)[np.triu_indices(CHANNELS)]
    assert np.abs(gram(pooled) / 65536 - exact).max() < 1e-4


@pytest.mark.parametrize("model", ["wav2small-17k", "wav2small-72k"])
def test_linear_layer_saturates_instead_of_wrapping(model: str) -> None:
    head = random_student(model).head
    limit = 2 ** (30 if model.endswith("72k") else 24)
    for sign in (-1, 1):
        pooled = np.where(head.linear_weight[0] > 0, limit, -limit).astype(np.int64) * sign
        assert np.abs(linear(pooled, head).astype(np.int64)).max() <= 2**31
