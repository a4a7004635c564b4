"""The integer backbone against a loop that does what the definition says."""

import numpy as np

from tests.random_student import random_backbone
from tests.reference.test_fixed_point import gemmlowp
from toolchain.quantize.student import ConvLayer
from toolchain.reference.backbone import convolve, max_pool, run_backbone


def pixel_by_definition(image: np.ndarray, layer: ConvLayer, time: int, band: int, channel: int) -> int:
    accumulator = int(layer.bias[channel])
    radius = layer.weight.shape[1] // 2
    for dt in range(-radius, radius + 1):
        for db in range(-radius, radius + 1):
            if 0 <= time + dt < image.shape[0] and 0 <= band + db < image.shape[1]:
                inputs = image[time + dt, band + db].astype(int) - layer.input.zero_point
                weights = layer.weight[channel, dt + radius, db + radius].astype(int)
                accumulator += int((inputs * weights).sum())
    scaled = gemmlowp(accumulator, int(layer.multiplier[channel]), int(layer.shift[channel]))
    return min(max(scaled + layer.output.zero_point, layer.activation_min), layer.activation_max)


def test_every_layer_is_its_definition() -> None:
    rng = np.random.default_rng(3)
    backbone = random_backbone("wav2small-17k", seed=3)
    image = rng.integers(-128, 128, (9, 26)).astype(np.int8)
    rows = run_backbone(image, backbone)
    inputs = {"conv1": image[:, :, np.newaxis], "conv4": rows["pool"], "lin": rows["conv7"], "sof": rows["conv7"]}
    for previous, layer in zip(backbone.trunk, backbone.trunk[1:], strict=False):
        inputs.setdefault(layer.name, rows[previous.name])
    for layer in backbone.layers:
        output = rows[layer.name]
        for time, band, channel in zip(*(rng.integers(0, size, 200) for size in output.shape), strict=True):
            expected = pixel_by_definition(inputs[layer.name], layer, time, band, channel)
            assert output[time, band, channel] == expected, layer.name


def test_pool_takes_the_largest_of_what_is_there() -> None:
    image = np.random.default_rng(0).integers(-128, 128, (7, 26, 13)).astype(np.int8)
    pooled = max_pool(image)
    assert pooled.shape == (4, 13, 13)
    for time in range(4):
        for band in range(13):
            window = image[max(0, 2 * time - 1) : 2 * time + 2, max(0, 2 * band - 1) : 2 * band + 2]
            assert (pooled[time, band] == window.max(axis=(0, 1))).all()


def test_extreme_weights_and_inputs_stay_exact() -> None:
    layer = random_backbone("wav2small-17k", seed=0)["conv2"]
    weight = np.full_like(layer.weight, -127)
    extreme = ConvLayer(**{**vars(layer), "weight": weight})
    for value in (-128, 127):
        image = np.full((3, 26, 13), value, np.int8)
        assert convolve(image, extreme)[1, 5, 0] == pixel_by_definition(image, extreme, 1, 5, 0)
