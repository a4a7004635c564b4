"""Integer head: from the checkpoint's float parameters and the backbone's output quantisation."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from toolchain.quantize.fixed_point import common_shift, fixed, significand_and_shift
from toolchain.quantize.student import CHANNELS, FEATURES, POOLED_BANDS, Backbone, Head, Projection, Quantization
from toolchain.quantize.tables import exp2_table

Parameters = Mapping[str, NDArray[np.float32]]

LOG2_E = math.log2(math.e)
#: Fraction bits of the pooled features: int8 units (17k) leave more room than 22-bit accumulators (72k).
POOLED_BITS_CONV = 16
POOLED_BITS_TOKENS = 7
OUTPUT_BITS = 16


def gram_head(parameters: Parameters, backbone: Backbone) -> Head:
    """Head of the 17k: int8 lin and sof, Gram matrix, Linear(338, 3).

    ``adv.weight`` counts features as ``channel * 26 + (mel | 13 + other channel)``; the stream delivers
    ``mel * 13 + channel``. The Gram matrix is symmetric, so its two triangles' weights are added.
    """
    scale = backbone["lin"].output.scale
    weight = parameters["adv.weight"].astype(np.float64).reshape(3, CHANNELS, 2 * POOLED_BANDS)
    direct = weight[:, :, :POOLED_BANDS].transpose(0, 2, 1).reshape(3, FEATURES) * scale
    square = weight[:, :, POOLED_BANDS:] * scale**2
    row, column = np.triu_indices(CHANNELS)
    triangle = square[:, row, column] + np.where(row == column, 0.0, square[:, column, row])
    direct_shift, triangle_shift = common_shift(direct, 16, 40), common_shift(triangle, 16, 40)
    multiplier, logit_shift = significand_and_shift(backbone["sof"].output.scale * LOG2_E * 65536)
    return Head(
        exp2_table=exp2_table(),
        logit_multiplier=np.full(FEATURES, multiplier, np.int32),
        logit_shift=logit_shift,
        value_zero_point=backbone["lin"].output.zero_point,
        pooled_fraction_bits=POOLED_BITS_CONV,
        linear_weight=fixed(direct, direct_shift).astype(np.int16),
        linear_shift=direct_shift,
        gram_weight=fixed(triangle, triangle_shift).astype(np.int16),
        gram_shift=triangle_shift,
        output_bias=_output_bias(parameters),
        value_projection=None,
        logit_projection=None,
    )


def token_head(parameters: Parameters, backbone: Backbone) -> Head:
    """Head of the 72k: Linear(169, 169) twice on int8 tokens, then Linear(169, 3).

    The accumulators are never narrowed: lin's scale goes into the last layer's weights, sof's into the logits.
    """
    rows = backbone["rows"].output
    value_projection, value_scale = _project(parameters, "lin", rows)
    logit_projection, logit_scale = _project(parameters, "sof", rows)
    weight = parameters["adv.weight"].astype(np.float64) * value_scale
    shift = common_shift(weight, 16, 52, least=OUTPUT_BITS - POOLED_BITS_TOKENS + 1)
    logit_factor = logit_scale * LOG2_E * 65536
    _, logit_shift = significand_and_shift(float(logit_factor.max()))
    return Head(
        exp2_table=exp2_table(),
        logit_multiplier=fixed(logit_factor, logit_shift).astype(np.int32),
        logit_shift=logit_shift,
        value_zero_point=0,
        pooled_fraction_bits=POOLED_BITS_TOKENS,
        linear_weight=fixed(weight, shift).astype(np.int16),
        linear_shift=shift + POOLED_BITS_TOKENS - OUTPUT_BITS,
        gram_weight=np.zeros((3, 0), np.int16),
        gram_shift=1,
        output_bias=_output_bias(parameters),
        value_projection=value_projection,
        logit_projection=logit_projection,
    )


def _project(
    parameters: Parameters, name: str, tokens: Quantization
) -> tuple[Projection, NDArray[np.float64]]:
    """int8 weights per output feature (symmetric), and the real value of one accumulator unit, ``(169,)``.

    A unit is never so small that the bias alone would exceed 2**20 of them: accumulators stay below 2**23.
    """
    weight = parameters[f"{name}.weight"].astype(np.float64)
    bias = parameters[f"{name}.bias"].astype(np.float64)
    unit = np.maximum(np.abs(weight).max(axis=1) / 127 * tokens.scale, np.abs(bias) / 2**20)
    unit = np.maximum(unit, 1e-9)
    integer = np.rint(weight * (tokens.scale / unit)[:, np.newaxis]).astype(np.int64)
    integer_bias = np.rint(bias / unit).astype(np.int64) - tokens.zero_point * integer.sum(axis=1)
    return Projection(weight=integer.astype(np.int8), bias=integer_bias.astype(np.int32)), unit


def _output_bias(parameters: Parameters) -> NDArray[np.int32]:
    return fixed(parameters["adv.bias"].astype(np.float64), OUTPUT_BITS).astype(np.int32)
