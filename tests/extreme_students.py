"""Students at the ends of what the kernels' arithmetic has to bear."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tests.random_student import random_student
from toolchain.quantize.student import CHANNELS, TRUNK, ConvLayer, Quantization, QuantizedStudent
from toolchain.quantize.student_check import check_backbone

Edit = Callable[[ConvLayer, np.random.Generator], ConvLayer]

_LARGEST_BIAS = 2**28 - 1
_LARGEST_MULTIPLIER = 2**31 - 1


def edited_student(edit: Edit, *, relu: bool = True) -> QuantizedStudent:
    """A random student (17k) of which ``edit`` changed each layer; each one's input is then the one before's output.

    Args:
        edit: changes a layer.
        relu: whether each convolution then gets its ReLU back, without which no student is a valid one.
    """
    student = random_student("wav2small-17k")
    layers: list[ConvLayer] = []
    source = student.backbone.input
    for number, layer in enumerate(student.backbone.layers):
        edited = replace(edit(layer, np.random.default_rng(number)), input=source)
        if number < len(TRUNK):
            edited = replace(edited, activation_min=edited.output.zero_point) if relu else edited
            source = edited.output
        layers.append(edited)
    backbone = replace(student.backbone, layers=tuple(layers))
    if relu:
        check_backbone(backbone, ("lin", "sof"))
    return replace(student, backbone=backbone)


def _zero_point(value: int) -> Edit:
    return lambda layer, _: replace(layer, output=Quantization(0.1, value))


def _saturated(sign: int) -> Edit:
    """The largest sums there can be, and no shift."""
    return lambda layer, _: replace(
        layer,
        weight=np.full_like(layer.weight, 127 * sign),
        bias=np.full(CHANNELS, sign * _LARGEST_BIAS, np.int32),
        multiplier=np.full(CHANNELS, _LARGEST_MULTIPLIER, np.int32),
        shift=np.zeros(CHANNELS, np.int32),
    )


def _largest_weights(layer: ConvLayer, rng: np.random.Generator) -> ConvLayer:
    """Both ends of int8, in the first channels alone and in the others mixed."""
    weight = np.where(rng.random(layer.weight.shape) < 0.5, -128, 127)
    weight[:4] = np.array([-128, -128, 127, 127])[:, None, None, None]
    bias = 2_000_000 * rng.choice([-1, 1], CHANNELS)
    return replace(layer, weight=weight.astype(np.int8), bias=bias.astype(np.int32))


def _largest_biases(layer: ConvLayer, rng: np.random.Generator) -> ConvLayer:
    """Sums from one end to the other, and shifts that leave something of them."""
    bias = rng.integers(-_LARGEST_BIAS, _LARGEST_BIAS, CHANNELS)
    bias[:2] = -_LARGEST_BIAS, _LARGEST_BIAS
    return replace(layer, bias=bias.astype(np.int32), shift=rng.integers(-23, -17, CHANNELS).astype(np.int32))


def _any_shift(layer: ConvLayer, rng: np.random.Generator) -> ConvLayer:
    """Shifts from none to the largest, zero points and biases of any size."""
    return replace(
        layer,
        bias=(2.0 ** rng.uniform(0, 28, CHANNELS) * rng.choice([-1, 1], CHANNELS)).astype(np.int32),
        multiplier=rng.integers(2**30, 2**31, CHANNELS).astype(np.int32),
        shift=-rng.permutation(np.linspace(0, 31, CHANNELS).astype(np.int32)),
        output=Quantization(0.1, int(rng.integers(-128, 100))),
        activation_max=int(rng.integers(100, 128)),
    )


def _any_shift_of_the_ends(layer: ConvLayer, rng: np.random.Generator) -> ConvLayer:
    """Shifts likewise, most of them small, with the least and the largest multiplier; sums on both sides of zero."""
    multiplier = rng.choice([2**30, 2**30 + 1, _LARGEST_MULTIPLIER], CHANNELS)
    shift = -rng.permutation([0, 0, 0, 1, 1, 2, 3, 4, 7, 8, 15, 30, 31])
    return replace(layer, multiplier=multiplier.astype(np.int32), shift=shift.astype(np.int32))


def _ties(layer: ConvLayer, rng: np.random.Generator) -> ConvLayer:
    """Halves of a step on both sides of zero: a factor of 1/16, sums of a few steps."""
    return replace(
        layer,
        weight=rng.integers(-1, 2, layer.weight.shape).astype(np.int8),
        bias=rng.integers(-64, 64, CHANNELS).astype(np.int32),
        multiplier=np.full(CHANNELS, 2**30, np.int32),
        shift=np.full(CHANNELS, -3, np.int32),
        output=Quantization(0.1, int(rng.integers(-10, 10))),
    )


#: Edits that leave a student valid, by what is extreme then.
EXTREMES: dict[str, Edit] = {
    "nothing": lambda layer, _: layer,
    "zero point at the bottom": _zero_point(-128),
    "zero point at the top": _zero_point(127),
    "largest sums": _saturated(1),
    "smallest sums": _saturated(-1),
    "largest weights": _largest_weights,
    "largest biases": _largest_biases,
    "any shift": _any_shift,
    "any shift of the least and largest multiplier": _any_shift_of_the_ends,
    "ties": _ties,
}
