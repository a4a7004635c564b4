"""What every network here is: a front end, a backbone, a head."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class Network(nn.Module, ABC):
    """Waveform to arousal, dominance, valence; ``forward`` is ``head(*backbone(logmel(signal)))``.

    The three stages are separate because they want different arithmetic: front end and head stay at full precision
    where the backbone is trained in bfloat16 or deployed as int8 convolutions.
    """

    name: str
    #: Fewest samples that the network can hear: one frame of 64.
    shortest: int = 64

    @abstractmethod
    def logmel(self, signal: Tensor) -> Tensor:
        """Map (B, N) samples in -1..1 at 16 kHz to the (B, 1, T, M) log-mel image of the normalised window."""

    @abstractmethod
    def backbone(self, image: Tensor) -> tuple[Tensor, ...]:
        """Map the image to what the head takes."""

    @abstractmethod
    def head(self, *outputs: Tensor) -> Tensor:
        """Map the backbone's outputs to (B, 3): arousal, dominance, valence."""

    def forward(self, signal: Tensor) -> Tensor:
        """Map (B, N) samples in -1..1 at 16 kHz to (B, 3): arousal, dominance, valence, roughly 0..1."""
        return self.head(*self.backbone(self.logmel(signal)))


def lay_out(network: nn.Module) -> None:
    """Lay the weights of convolutions out channels last: oneDNN is up to twice as fast, and activations follow."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last)
