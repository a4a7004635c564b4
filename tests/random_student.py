"""Random students: valid in every invariant, without any training or conversion."""

import numpy as np

from toolchain.model.students import create
from toolchain.quantize.assemble import assemble
from toolchain.quantize.student import CHANNELS, TRUNK, Backbone, ConvLayer, Quantization, QuantizedStudent

OUTPUTS = {"wav2small-17k": ("lin", "sof"), "wav2small-72k": ("rows",)}


def random_backbone(model: str, seed: int) -> Backbone:
    """Weights over all of int8, scaled so that about half of the activations are neither clamp's."""
    rng = np.random.default_rng(seed)
    image = Quantization(0.5, 60)
    layers, previous = [], image
    for index, name in enumerate(TRUNK + OUTPUTS[model]):
        convolution = index < len(TRUNK)
        layer = _random_layer(rng, name, previous, convolution, first=index == 0)
        layers.append(layer)
        previous = layer.output if convolution else previous
    return Backbone(image, tuple(layers))


def _random_layer(
    rng: np.random.Generator, name: str, source: Quantization, convolution: bool, *, first: bool
) -> ConvLayer:
    kernel, channels = (3 if convolution else 1), (1 if first else CHANNELS)
    output = Quantization(0.1, -128 if convolution else int(rng.integers(-20, 20)))
    factor = np.exp(rng.normal(size=CHANNELS) * 0.3) / (73 * np.sqrt(kernel * kernel * channels))
    significand, exponent = np.frexp(factor)
    return ConvLayer(
        name=name,
        weight=rng.integers(-127, 128, (CHANNELS, kernel, kernel, channels)).astype(np.int8),
        bias=rng.integers(-3000, 3000, CHANNELS).astype(np.int32),
        multiplier=np.minimum(np.rint(significand * 2**31), 2**31 - 1).astype(np.int32),
        shift=exponent.astype(np.int32),
        input=source,
        output=output,
        activation_min=output.zero_point if convolution else -128,
        activation_max=127,
    )


def random_student(model: str, seed: int = 0) -> QuantizedStudent:
    """A `QuantizedStudent` of the given kind with random weights everywhere."""
    rng = np.random.default_rng(seed)
    state = {
        key: value.numpy() if key.startswith("vgg7.") else rng.normal(0, 0.1, value.shape).astype(np.float32)
        for key, value in create(model).state_dict().items()
    }
    return assemble(
        model, state, random_backbone(model, seed), checkpoint_sha256="0" * 64, backbone_sha256="1" * 64
    )
