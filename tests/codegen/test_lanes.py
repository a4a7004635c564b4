"""Weights in lanes: every one in its place, and nothing else but zeros."""

import numpy as np
import pytest

from toolchain.codegen.lanes import LANES, by_lane


def weights(kernel: int, channels: int) -> np.ndarray:
    return np.random.default_rng(channels).integers(-128, 128, (13, kernel, kernel, channels)).astype(np.int8)


@pytest.mark.parametrize(("kernel", "channels"), [(3, 13), (3, 1), (1, 13)])
@pytest.mark.parametrize(("taps", "groups_at_once", "offset"), [(2, 1, 0), (4, 1, 128), (4, 2, 0)])
def test_every_weight_is_in_its_place(kernel, channels, taps, groups_at_once, offset) -> None:
    weight = weights(kernel, channels)
    packed = np.array(by_lane(taps, groups_at_once, offset)(weight)) - offset
    groups = packed.reshape(kernel, -1, LANES, taps)
    assert groups.shape[1] % groups_at_once == 0
    rows = groups.transpose(2, 0, 1, 3).reshape(LANES, kernel, -1)  # lane, kernel row, tap
    used = kernel * channels
    assert 0 <= rows.shape[2] - used < taps * groups_at_once
    np.testing.assert_array_equal(rows[:13, :, :used], weight.reshape(13, kernel, used))
    assert not rows[13:].any() and not rows[:, :, used:].any()


def test_the_input_lies_in_the_same_order() -> None:
    """One output pixel from three rows of bytes, as a kernel that multiplies group by group makes it."""
    weight = weights(3, 13).astype(np.int64)
    image = np.random.default_rng(1).integers(-128, 128, (3, 3, 13))
    groups = np.array(by_lane(4)(weight)).reshape(3, 10, LANES, 4)
    filled = np.pad(image.reshape(3, 39), ((0, 0), (0, 1))).reshape(3, 10, 4)
    sums = np.einsum("rgt,rglt->l", filled, groups)
    np.testing.assert_array_equal(sums[:13], np.einsum("rbc,orbc->o", image, weight))
