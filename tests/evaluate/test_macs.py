"""Multiply-accumulates against sums written down by hand, layer by layer."""

import pytest
import torch

from toolchain.evaluate.macs import count_macs
from toolchain.model.students import create

CHANNELS, BANDS, POOLED = 13, 26, 13
BLOCK = 9 * CHANNELS * CHANNELS


def front_end(frames):
    """Two transforms of 33 bins over 64 samples, and 33 bins to 26 bands."""
    return frames * (2 * 33 * 64 + 33 * 26)


def trunk(frames, pooled_frames):
    """One convolution from one channel and two from 13 before the pool, four after it."""
    return frames * BANDS * (9 * CHANNELS + 2 * BLOCK) + pooled_frames * POOLED * 4 * BLOCK


def one_by_one(pooled_frames):
    return pooled_frames * POOLED * CHANNELS * CHANNELS


def test_17k_by_hand():
    gram = CHANNELS * CHANNELS * POOLED
    expected = trunk(499, 250) + 2 * one_by_one(250) + gram + 338 * 3
    assert round(expected / 1e6) == 62
    assert count_macs(create("wav2small-17k").eval()) == (front_end(499), expected)


def test_72k_by_hand():
    rows, row = 251, 169
    expected = trunk(501, 251) + one_by_one(251) + 2 * rows * row * row + row * 3
    # 78 M with the transform.
    assert round((expected + front_end(501)) / 1e6) == 78
    assert count_macs(create("wav2small-72k").eval()) == (front_end(501), expected)


def test_a_longer_window_costs_in_proportion():
    network = create("wav2small-17k").eval()
    one, five = count_macs(network)[1], count_macs(network, 80_000)[1]
    assert five == pytest.approx(5 * one, rel=0.01)


def test_depthwise_convolutions_count_once_per_channel():
    """The first block of MobileNetV3-Small: stem, depthwise of stride 2, squeeze-excitation, projection."""
    network = create("mobilenetv3-small").eval()
    stem, block = 251 * 13 * 9 * 16, 126 * 7
    expected = stem + block * 9 * 16 + 2 * 16 * 8 + block * 16 * 16
    counted = _Beginning(network)
    assert count_macs(counted)[1] == expected


class _Beginning:
    """The network up to the end of its first block."""

    def __init__(self, network):
        self.network = network
        self.logmel = network.logmel

    def backbone(self, image: torch.Tensor) -> tuple[torch.Tensor]:
        trunk = self.network.trunk
        x = trunk.bn1(trunk.conv_stem(self.network.front_end.standardise(image)))
        return (trunk.blocks[0](x),)

    def head(self, *outputs: torch.Tensor) -> torch.Tensor:
        return outputs[0]
