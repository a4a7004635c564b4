"""What a student costs: parameters, multiply-accumulates, bytes, time and memory."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from toolchain.evaluate.macs import count_macs
from toolchain.evaluate.result import Costs
from toolchain.evaluate.runtime import measure_runtime
from toolchain.export.onnx import export_onnx
from toolchain.export.onnx_int8 import quantize_onnx
from toolchain.model.network import Network

Signals = Sequence[NDArray[np.float32]]

#: The file is measured and thrown away, so it names no checkpoint.
_NO_CHECKPOINT = ""
#: Clips whose outputs the export is checked on.
_CHECKED = 2


def measure_costs(network: Network, calibration: Signals) -> Costs:
    """Convert a student to int8 ONNX and measure it.

    Args:
        network: In evaluation mode.
        calibration: Speech in -1..1 at 16 kHz, for the ranges of the activations.

    Raises:
        MissingToolError: The extra ``convert`` is not installed.
        BuildError: The conversion changes the outputs, or ONNX Runtime fails.
    """
    front_end_macs, macs = count_macs(network)
    onnx_model = export_onnx(network, checkpoint_sha256=_NO_CHECKPOINT, clips=calibration[:_CHECKED])
    quantized = quantize_onnx(onnx_model, calibration)
    return Costs(
        parameters_trained=sum(p.numel() for p in network.parameters() if p.requires_grad),
        parameters=sum(p.numel() for p in network.parameters()),
        macs=macs,
        front_end_macs=front_end_macs,
        onnx_int8_bytes=len(quantized),
        runtime=measure_runtime(quantized),
    )


def settle(network: Network, signals: Signals) -> None:
    """Let the batch norms of an untrained network see ``signals``, and put it in evaluation mode.

    Otherwise the activations of its random layers would grow or vanish, and its costs would not be those of a trained
    one: arithmetic on vanishing numbers is slow.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    usual = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all batches, not a moving one
    longest = max(len(signal) for signal in signals)
    with torch.no_grad():
        network.train()(torch.from_numpy(np.stack([np.resize(signal, longest) for signal in signals])))
    for norm, momentum in zip(norms, usual, strict=True):
        norm.momentum = momentum
    network.eval()
