"""The head: softmax over time, weighted sum, Gram matrix and linear layer, in one pass over the rows.

The softmax's reference is the running maximum rounded up to a whole octave. When it rises, the sums are
shifted right, so no row is ever visited twice and no exponential of a rescaling is needed.
"""

import numpy as np
from numpy.typing import NDArray

from toolchain.quantize.student import CHANNELS, FEATURES, POOLED_BANDS, Head, Projection
from toolchain.reference.fixed_point import (
    Int64,
    bit_length,
    divide_truncating,
    exp2_negative_q20,
    rounding_shift_right,
)

#: Fraction bits of the Gram matrix (pooled features squared have twice `pooled_fraction_bits`).
GRAM_BITS = 16


def gather_tokens(rows: NDArray[np.int8]) -> NDArray[np.int8]:
    """Tokens of the 72k in the order in which a stream completes them: ``(T2, 13, 13)`` to ``(T2, 169)``.

    The network reshapes (channel, time, mel) to (time, 169) without a permute, so token r holds the 13 mels of
    sub-rows 13r..13r+12, where sub-row ``channel * T2 + time``. A token is complete when its last sub-row has
    arrived; rows arrive by time, and within a row by channel.
    """
    times = len(rows)
    tokens = rows.transpose(2, 0, 1).reshape(times, FEATURES)
    channel, time = np.divmod(np.arange(CHANNELS * times), times)
    arrival = (time * CHANNELS + channel).reshape(times, CHANNELS)
    return np.asarray(tokens[np.argsort(arrival.max(axis=1))])


def project(tokens: NDArray[np.int8], projection: Projection) -> Int64:
    """Dense layer ``(T2, 169)`` to int32 accumulators ``(T2, 169)``."""
    product = tokens.astype(np.float64) @ projection.weight.T.astype(np.float64)  # exact: below 2**24
    return product.astype(np.int64) + projection.bias


def attention_pool(values: Int64, logits: Int64, head: Head) -> Int64:
    """Softmax-weighted mean over time: two ``(T2, 169)`` in, ``(169,)`` with `pooled_fraction_bits` out.

    Args:
        values: lin, zero point removed; below 2**23 in magnitude.
        logits: log2 units, Q16, any origin.
    """
    reference = (logits[0] + 0xFFFF) >> 16
    weight_sum = np.zeros(FEATURES, np.int64)
    value_sum = np.zeros(FEATURES, np.int64)
    for value, logit in zip(values, logits, strict=True):
        octave = (logit + 0xFFFF) >> 16
        rise = np.minimum(np.maximum(octave - reference, 0), 63)
        reference = np.maximum(reference, octave)
        weight = exp2_negative_q20((reference << 16) - logit, head.exp2_table)
        weight_sum = (weight_sum >> rise) + weight
        value_sum = (value_sum >> rise) + weight * value
    return _weighted_mean(value_sum, weight_sum, head.pooled_fraction_bits)


def _weighted_mean(value_sum: Int64, weight_sum: Int64, fraction_bits: int) -> Int64:
    """``value_sum / weight_sum`` with as many fraction bits as fit 63 bits, the rest taken off the divisor."""
    headroom = 63 - bit_length(np.abs(value_sum).astype(np.uint64))
    left = np.minimum(fraction_bits, headroom)
    return divide_truncating(value_sum << left, weight_sum >> (fraction_bits - left))


def gram(pooled: Int64) -> Int64:
    """Upper triangle of ``x @ x^T`` over mel, by rows: ``(169,)`` mel-major features to ``(91,)`` in Q16."""
    x = pooled.reshape(POOLED_BANDS, CHANNELS).T
    row, column = np.triu_indices(CHANNELS)
    return rounding_shift_right((x[row] * x[column]).sum(axis=1), GRAM_BITS)


def linear(pooled: Int64, head: Head) -> NDArray[np.int32]:
    """Arousal, dominance, valence in Q16, ``(3,)`` int32, saturating."""
    output = rounding_shift_right(head.linear_weight.astype(np.int64) @ pooled, head.linear_shift)
    if head.gram_weight.shape[1]:
        output = output + rounding_shift_right(
            head.gram_weight.astype(np.int64) @ gram(pooled), head.gram_shift
        )
    limits = np.iinfo(np.int32)
    return np.clip(output + head.output_bias, limits.min, limits.max).astype(np.int32)


def values_and_logits(rows: dict[str, NDArray[np.int8]], head: Head) -> tuple[Int64, Int64]:
    """What the attention reads from the backbone's outputs: values and Q16 log2 logits, ``(T2, 169)`` each."""
    values: Int64
    scores: Int64
    if head.value_projection is None or head.logit_projection is None:
        values = rows["lin"].reshape(-1, FEATURES).astype(np.int64) - head.value_zero_point
        scores = rows["sof"].reshape(-1, FEATURES).astype(np.int64)
    else:
        tokens = gather_tokens(rows["rows"])
        values = project(tokens, head.value_projection)
        scores = project(tokens, head.logit_projection)
    logits = rounding_shift_right(scores * head.logit_multiplier.astype(np.int64), head.logit_shift)
    return values, logits
