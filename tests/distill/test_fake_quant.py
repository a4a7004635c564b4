"""Simulated int8: folding is exact, rounding is small and lets gradients through."""

import pytest
import torch

from toolchain.distill.fake_quant import FakeQuantized, fold
from toolchain.model.students import create
from toolchain.model_names import MODELS


def trained_like(name):
    """A student whose batch norms have seen something."""
    torch.manual_seed(0)
    student = create(name)
    student.train()
    for _ in range(20):
        student(torch.randn(4, 4000))
    return student


def test_folded_convolution_equals_convolution_and_norm():
    block = trained_like("wav2small-17k").vgg7.l2.eval()
    x = torch.randn(2, 13, 9, 26)
    weight, bias = fold(block)
    folded = torch.relu(torch.nn.functional.conv2d(x, weight, bias, padding=1))
    torch.testing.assert_close(folded, block(x), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_close_to_float_but_rounded(name):
    student = trained_like(name)
    rounded = FakeQuantized(student).train()
    signal = torch.randn(4, 4000)
    rounded(signal)
    rounded.eval(), student.eval()
    difference = (rounded(signal) - student(signal)).abs().max().item()
    assert 0 < difference < 0.1


@pytest.mark.parametrize("name", MODELS)
def test_every_trained_parameter_gets_a_gradient(name):
    rounded = FakeQuantized(trained_like(name)).train()
    rounded(torch.randn(4, 4000)).square().sum().backward()
    for key, parameter in rounded.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), key


def test_ranges_cover_what_was_seen_and_stay_put_in_evaluation():
    rounded = FakeQuantized(trained_like("wav2small-17k")).train()
    rounded(torch.randn(4, 4000))
    seen = rounded.ranges.clone()
    assert (seen[:, 1] > seen[:, 0]).all() and seen[0, 0] == -100
    rounded.eval()(10 * torch.randn(4, 4000))
    assert torch.equal(rounded.ranges, seen)
