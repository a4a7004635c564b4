"""First weights, where the layers' own would not do."""

import torch
from torch import nn

from toolchain.model.network import lay_out
from toolchain.model.students import POOLED_MELS, Student, Wav2Small17k
from toolchain.model_names import DIMENSIONS


def initialise(network: nn.Module) -> None:
    """Scale a Wav2Small student's odd layers, and lay every network's convolutions out as oneDNN likes them."""
    if isinstance(network, Student):
        _scale(network)
    lay_out(network)


def _scale(student: Student) -> None:
    """Scale the layers whose inputs are far from unit size: the image is in dB, a Gram entry sums 13 products."""
    with torch.no_grad():
        student.vgg7.l1.conv.weight /= 20
        if isinstance(student, Wav2Small17k):
            student.adv.weight.view(len(DIMENSIONS), -1, 2, POOLED_MELS)[:, :, 1] /= 13
        student.adv.bias.fill_(0.5)
