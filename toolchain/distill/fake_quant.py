"""The student as its int8 backbone will compute it, differentiable, for the last epochs of training.

Weights are folded with their batch norm and rounded per output channel (symmetric); activations are rounded per
tensor (asymmetric) over the range seen in training, as min-max calibration will do. Rounding passes gradients
straight through, and the network learns weights that do not mind it.
"""

import torch
from torch import Tensor, nn

from toolchain.model.students import ConvBlock, Student

_INT8 = (-128, 127)
#: Per batch, a range that was too wide moves this share of the way to what is seen now.
_SHRINK = 0.01


class FakeQuantized(nn.Module):
    """A student whose backbone sees int8 rounding; shares the student's parameters.

    Batch norm uses its running statistics, which are folded into the weights, so they no longer change.
    """

    ranges: Tensor

    def __init__(self, student: Student) -> None:
        super().__init__()
        self.student = student
        # Lowest and highest value of the image, the seven blocks, lin, and sof where there is one.
        self.register_buffer("ranges", torch.zeros(10, 2))

    def forward(self, signal: Tensor) -> Tensor:
        """Map (B, N) samples in -1..1 to (B, 3), through a backbone rounded to int8."""
        vgg7 = self.student.vgg7
        x = self._activation(0, self.student.logmel(signal))
        for index, block in enumerate((vgg7.l1, vgg7.l2, vgg7.l3), start=1):
            x = self._activation(index, _block(block, x))
        x = vgg7.pool(x)
        for index, block in enumerate((vgg7.l4, vgg7.l5, vgg7.l6, vgg7.l7), start=4):
            x = self._activation(index, _block(block, x))
        outputs = [vgg7.lin, vgg7.sof] if hasattr(vgg7, "sof") else [vgg7.lin]
        rows = [self._activation(8 + index, _conv(conv, x)) for index, conv in enumerate(outputs)]
        return self.student.head(*rows)

    def _activation(self, index: int, x: Tensor) -> Tensor:
        if self.training:
            self._observe(index, x.detach())
        # TFLite needs zero to be representable: padding is zero.
        low, high = self.ranges[index, 0].clamp_max(0.0), self.ranges[index, 1].clamp_min(0.0)
        scale = ((high - low) / 255).clamp_min(1e-8)
        zero_point = (_INT8[0] - low / scale).round().clamp(*_INT8).to(torch.int32)
        return torch.fake_quantize_per_tensor_affine(x, scale, zero_point, *_INT8)

    def _observe(self, index: int, x: Tensor) -> None:
        low, high = self.ranges[index]
        self.ranges[index, 0] = torch.minimum(x.min(), low + _SHRINK * (x.min() - low))
        self.ranges[index, 1] = torch.maximum(x.max(), high + _SHRINK * (x.max() - high))


def fold(block: ConvBlock) -> tuple[Tensor, Tensor]:
    """Return weight (13, C, 3, 3) and bias (13,) of the one convolution equal to ``block`` before its ReLU."""
    norm = block.norm
    assert norm.running_mean is not None and norm.running_var is not None
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return block.conv.weight * gain[:, None, None, None], norm.bias - norm.running_mean * gain


def _block(block: ConvBlock, x: Tensor) -> Tensor:
    weight, bias = fold(block)
    return torch.relu(nn.functional.conv2d(x, _weight(weight), bias, padding=1))


def _conv(conv: nn.Conv2d, x: Tensor) -> Tensor:
    return nn.functional.conv2d(x, _weight(conv.weight), conv.bias)


def _weight(weight: Tensor) -> Tensor:
    scale = (weight.detach().abs().amax(dim=(1, 2, 3)) / 127).clamp_min(1e-8)
    zero_point = torch.zeros_like(scale, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(weight, scale, zero_point, 0, -127, 127)
