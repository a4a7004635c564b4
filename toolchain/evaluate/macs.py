"""Multiply-accumulates of a network, counted while it runs."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from toolchain.model.network import Network
from toolchain.model_names import SAMPLE_RATE


def count_macs(network: Network, samples: int = SAMPLE_RATE) -> tuple[int, int]:
    """Return the multiply-accumulates for one window: up to the log-mel image, and from it on.

    Convolutions and matrix products count, at two operations each as torch reports them. Batch norms (folded when
    deployed), activations, pooling and element-wise products do not.

    Args:
        network: In evaluation mode.
        samples: Length of the window at 16 kHz.
    """
    with torch.inference_mode():
        image = network.logmel(torch.zeros(1, samples))
        front_end = _count(lambda: network.logmel(torch.zeros(1, samples)))
        rest = _count(lambda: network.head(*network.backbone(image)))
    return front_end, rest


def _count(call: Callable[[], Tensor]) -> int:
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops() // 2
