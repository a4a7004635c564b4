"""The int8 backbone: TFLite's own tensors, TFLite's own rounding, all frames of a window at once."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolchain.quantize.student import POOL_AFTER, Backbone, ConvLayer
from toolchain.reference.fixed_point import requantise, saturate_int8

Rows = NDArray[np.int8]


def shifted(padded: NDArray[Any], size: int) -> Iterator[tuple[int, int, NDArray[Any]]]:
    """The image as each tap of a ``size`` x ``size`` kernel sees it: ``(row, column, view)``."""
    height, width = padded.shape[0] - size + 1, padded.shape[1] - size + 1
    for row in range(size):
        for column in range(size):
            yield row, column, padded[row : row + height, column : column + width]


def convolve(image: Rows, layer: ConvLayer) -> Rows:
    """Stride-1 convolution with "same" padding: ``(T, mels, in)`` int8 to ``(T, mels, out)`` int8."""
    kernel = layer.weight.shape[1]
    # Sums of 117 products of int8 stay below 2**24: float64 dot products are exact.
    padded = _pad(image.astype(np.float64) - layer.input.zero_point, kernel // 2, 0)
    weight = layer.weight.astype(np.float64)
    products = sum(view @ weight[:, row, column].T for row, column, view in shifted(padded, kernel))
    accumulator = np.asarray(products).astype(np.int64) + layer.bias
    scaled = requantise(accumulator, layer.multiplier.astype(np.int64), layer.shift.astype(np.int64))
    return saturate_int8(scaled + layer.output.zero_point, layer.activation_min, layer.activation_max)


def max_pool(image: Rows) -> Rows:
    """3x3 max pool, stride 2, padding 1 that never wins: ``(T, M, C)`` to ``((T+1)//2, (M+1)//2, C)``."""
    views = [view[::2, ::2] for _, _, view in shifted(_pad(image, 1, -128), 3)]
    return np.asarray(np.maximum.reduce(views))


def _pad(image: NDArray[Any], width: int, value: int) -> NDArray[Any]:
    return np.pad(image, ((width, width), (width, width), (0, 0)), constant_values=value)


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
