"""Concordance correlation against audEERING's own."""

import audmetric
import numpy as np
import pytest
import torch

from toolchain.distill.loss import ccc, concordance_loss, grouped_loss


def test_equals_audmetric():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(50, 3))
    prediction = 0.7 * truth + 0.3 * rng.normal(size=(50, 3)) + [0.1, -0.2, 0.0]
    expected = [audmetric.concordance_cc(truth[:, i], prediction[:, i]) for i in range(3)]
    result = ccc(torch.from_numpy(prediction), torch.from_numpy(truth))
    np.testing.assert_allclose(result.numpy(), expected, atol=1e-12)


def test_constants_give_zero_and_a_finite_gradient():
    prediction = torch.full((4, 3), 0.5, requires_grad=True)
    loss = concordance_loss(prediction, torch.full((4, 3), 0.5))
    loss.backward()
    assert loss.item() == pytest.approx(1.0)
    assert torch.isfinite(prediction.grad).all()


def test_loss_is_zero_only_at_the_truth():
    truth = torch.randn(8, 3)
    assert concordance_loss(truth, truth).item() == pytest.approx(0.0, abs=1e-6)
    assert concordance_loss(truth + 0.1, truth).item() > 0.0


def test_telling_groups_apart_earns_nothing():
    group = torch.tensor([0] * 8 + [1] * 8)
    truth = torch.randn(16, 3) * 0.01 + group[:, None]
    knows_the_group = group[:, None].float().expand(16, 3) + 0.01 * torch.randn(16, 3)
    assert concordance_loss(knows_the_group, truth).item() < 0.1
    assert grouped_loss(knows_the_group, truth, group, 1.0, 0.5).item() > 0.4


def test_one_group_is_the_plain_loss():
    prediction, truth = torch.randn(8, 3), torch.randn(8, 3)
    group = torch.zeros(8, dtype=torch.long)
    expected = concordance_loss(prediction, truth, 0.7, 0.3)
    torch.testing.assert_close(grouped_loss(prediction, truth, group, 0.7, 0.3), expected)
