"""The int8 backbone: TFLite's own tensors, TFLite's own rounding, all frames of a window at once."""

import numpy as np
from numpy.typing import NDArray

from toolchain.quantize.student import POOL_AFTER, Backbone, ConvLayer
from toolchain.reference.fixed_point import requantise, saturate_int8

Rows = NDArray[np.int8]


def convolve(image: Rows, layer: ConvLayer) -> Rows:
    """Stride-1 convolution with "same" padding: ``(T, mels, in)`` int8 to ``(T, mels, out)`` int8."""
    out_channels, kernel, _, _ = layer.weight.shape
    pad = kernel // 2
    # Products of int8 summed over 117 taps stay below 2**24: float64 dot products are exact.
    centred = image.astype(np.float64) - layer.input.zero_point
    padded = np.pad(centred, ((pad, pad), (pad, pad), (0, 0)))
    patches = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(0, 1))
    taps = layer.weight.transpose(3, 1, 2, 0).reshape(-1, out_channels).astype(np.float64)
    accumulator = (patches.reshape(*image.shape[:2], -1) @ taps).astype(np.int64) + layer.bias
    scaled = requantise(accumulator, layer.multiplier.astype(np.int64), layer.shift.astype(np.int64))
    return saturate_int8(scaled + layer.output.zero_point, layer.activation_min, layer.activation_max)


def max_pool(image: Rows) -> Rows:
    """3x3 max pool, stride 2, padding 1 that never wins: ``(T, M, C)`` to ``((T+1)//2, (M+1)//2, C)``."""
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)), constant_values=-128)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))
    return np.asarray(windows[::2, ::2].max(axis=(3, 4)))


def run_backbone(image: NDArray[np.int8], backbone: Backbone) -> dict[str, Rows]:
    """Rows of every layer by name, each ``(T or T2, mels, channels)``, from the image ``(T, 26)``."""
    rows: dict[str, Rows] = {}
    current: Rows = image[:, :, np.newaxis]
    for layer in backbone.trunk:
        current = rows[layer.name] = convolve(current, layer)
        if layer.name == POOL_AFTER:
            current = rows["pool"] = max_pool(current)
    for layer in backbone.outputs:
        rows[layer.name] = convolve(current, layer)
    return rows
