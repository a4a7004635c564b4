"""Invariants of a `QuantizedStudent`: within them no integer overflows and no table is left.

Checked for every student read from a file, so that code generation and firmware can rely on them.
"""

import re

import numpy as np

from toolchain.model_names import MODELS
from toolchain.quantize.head import POOLED_BITS_CONV, POOLED_BITS_TOKENS
from toolchain.quantize.student import (
    CHANNELS,
    FEATURES,
    FFT_SIZE,
    MEL_BANDS,
    TRUNK,
    Backbone,
    ConvLayer,
    FrontEnd,
    Head,
    Projection,
    Quantization,
    QuantizedStudent,
)
from toolchain.quantize.tables import exp2_table, hann_window, log2_table, twiddles

_SHA256 = re.compile(r"[0-9a-f]{64}")


def check_student(student: QuantizedStudent) -> None:
    """Raise ValueError, naming the field, if ``student`` is not one the engine can run."""
    _require(student.model in MODELS, "model")
    for name in ("checkpoint_sha256", "backbone_sha256"):
        _require(_SHA256.fullmatch(getattr(student, name)) is not None, name)
    tokens = student.model == "wav2small-72k"
    _require(student.has_tokens == tokens, "head.value_projection")
    _require(student.front_end.centred == tokens, "front_end.centred")
    check_front_end(student.front_end)
    check_backbone(student.backbone, ("rows",) if tokens else ("lin", "sof"))
    _require(student.front_end.image_zero_point == student.backbone.input.zero_point, "front_end.image_zero_point")
    check_head(student.head)


def check_front_end(front_end: FrontEnd) -> None:
    """Raise ValueError if a table differs from its definition or a mel filter leaves bins 1..31."""
    cosine, sine = twiddles()
    _require_equal(front_end.window, hann_window(), "front_end.window")
    _require_equal(front_end.cosine, cosine, "front_end.cosine")
    _require_equal(front_end.sine, sine, "front_end.sine")
    _require_equal(front_end.log2_table, log2_table(), "front_end.log2_table")
    for name in ("mel_first_bin", "mel_bins"):
        _require_array(getattr(front_end, name), np.uint8, (MEL_BANDS,), f"front_end.{name}")
    first, count = front_end.mel_first_bin.astype(int), front_end.mel_bins.astype(int)
    _require(bool((first >= 1).all() and (first + count <= FFT_SIZE // 2).all()), "front_end.mel_first_bin")
    _require_array(front_end.mel_weight, np.uint16, (int(count.sum()),), "front_end.mel_weight")
    _require(0 <= front_end.mel_fraction_bits <= 40, "front_end.mel_fraction_bits")
    _require(2**30 <= front_end.image_multiplier < 2**31, "front_end.image_multiplier")
    # Levels stay below 2**22, so pixels that are not clamped yet stay below 2**31.
    _require(23 <= front_end.image_shift <= 61, "front_end.image_shift")


def check_backbone(backbone: Backbone, outputs: tuple[str, ...]) -> None:
    """Raise ValueError unless the layers are the trunk and ``outputs``, each of the right shape and range."""
    _require(tuple(layer.name for layer in backbone.layers) == TRUNK + outputs, "backbone.layers")
    _check_quantization(backbone.input, "backbone.input")
    previous = backbone.input
    for index, layer in enumerate(backbone.layers):
        where = f"backbone.layers.{layer.name}"
        kernel, channels = (3 if index < len(TRUNK) else 1), (1 if index == 0 else CHANNELS)
        _require_array(layer.weight, np.int8, (CHANNELS, kernel, kernel, channels), f"{where}.weight")
        _require(layer.input == previous, f"{where}.input")
        _check_rescaling(layer, where)
        if index < len(TRUNK):
            _require(layer.activation_min == layer.output.zero_point, f"{where}.activation_min")  # ReLU
            previous = layer.output


def _check_rescaling(layer: ConvLayer, where: str) -> None:
    for name in ("bias", "multiplier", "shift"):
        _require_array(getattr(layer, name), np.int32, (CHANNELS,), f"{where}.{name}")
    _require(bool((np.abs(layer.bias.astype(np.int64)) < 2**28).all()), f"{where}.bias")
    _require(bool((layer.multiplier >= 2**30).all()), f"{where}.multiplier")
    _require(bool(((layer.shift <= 0) & (layer.shift >= -31)).all()), f"{where}.shift")
    _check_quantization(layer.output, f"{where}.output")
    low, high = layer.activation_min, layer.activation_max
    _require(-128 <= low <= high <= 127, f"{where}.activation_min")


def check_head(head: Head) -> None:
    """Raise ValueError unless every table of the head has the shape and range the arithmetic is proved for."""
    _require_equal(head.exp2_table, exp2_table(), "head.exp2_table")
    _require_array(head.logit_multiplier, np.int32, (FEATURES,), "head.logit_multiplier")
    _require_array(head.linear_weight, np.int16, (3, FEATURES), "head.linear_weight")
    triangle = 0 if head.value_projection else CHANNELS * (CHANNELS + 1) // 2
    _require_array(head.gram_weight, np.int16, (3, triangle), "head.gram_weight")
    _require_array(head.output_bias, np.int32, (3,), "head.output_bias")
    for name in ("logit_shift", "linear_shift", "gram_shift"):
        _require(1 <= getattr(head, name) <= 61, f"head.{name}")
    # Scores stay below 2**7 (int8) or 2**23 (accumulators); logits must stay below 511 octaves, for which the table of
    # the 17k has room, or below 32767.
    score_bits, octave_bits = (23, 15) if head.value_projection else (7, 9)
    largest = int(np.abs(head.logit_multiplier.astype(np.int64)).max())
    _require((largest << score_bits) >> head.logit_shift < ((1 << octave_bits) - 2) << 16, "head.logit_multiplier")
    _require(-128 <= head.value_zero_point <= 127, "head.value_zero_point")
    pooled_bits = POOLED_BITS_TOKENS if head.value_projection else POOLED_BITS_CONV
    _require(head.pooled_fraction_bits == pooled_bits, "head.pooled_fraction_bits")
    _require((head.value_projection is None) == (head.logit_projection is None), "head.logit_projection")
    for name in ("value_projection", "logit_projection"):
        projection: Projection | None = getattr(head, name)
        if projection is not None:
            _require_array(projection.weight, np.int8, (FEATURES, FEATURES), f"head.{name}.weight")
            _require_array(projection.bias, np.int32, (FEATURES,), f"head.{name}.bias")
            # With 169 products of int8 on top, accumulators stay below 2**23.
            _require(bool((np.abs(projection.bias.astype(np.int64)) < 2**22).all()), f"head.{name}.bias")


def _check_quantization(quantization: Quantization, where: str) -> None:
    _require(0.0 < quantization.scale < 1e6, f"{where}.scale")
    _require(-128 <= quantization.zero_point <= 127, f"{where}.zero_point")


def _require_array(array: np.ndarray, dtype: type, shape: tuple[int, ...], where: str) -> None:
    if array.dtype != dtype or array.shape != shape:
        raise ValueError(f"'{where}' is {array.dtype}{array.shape}, not {np.dtype(dtype)}{shape}")


def _require_equal(array: np.ndarray, expected: np.ndarray, where: str) -> None:
    _require_array(array, expected.dtype.type, expected.shape, where)
    _require(bool((array == expected).all()), where)


def _require(condition: bool, where: str) -> None:
    if not condition:
        raise ValueError(f"'{where}' is out of range")
