"""The paper's other students, which reach no board: four MobileNets, and CNN14, its baseline.

All hear what the Wav2Small students hear: the log-mel image of the normalised window, centred as in the paper's
listing (1 s is 501 frames of 26 bands).
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from toolchain.extras import require
from toolchain.model.frontend import HOP, MELS, LogMel, Spectrogram, normalise
from toolchain.model.network import Network
from toolchain.model_names import DIMENSIONS
from toolchain.vision import make_importable

#: dB^2; a band of speech varies by hundreds. Band 0 is constant: with the usual 1e-5 the rounding of its level would
#: come out 300 times as large.
_VARIANCE_FLOOR = 1.0


class _FrontEnd(nn.Module):
    """Waveform to log-mel image, each band brought to zero mean and unit variance.

    A band's level is -100 to 20 dB, far from what a network's first weights are made for. Batch norm over bands is how
    PANNs does it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.spectrogram_extractor = Spectrogram(centred=True)
        self.logmel_extractor = LogMel(mel_is_parameter=True)
        self.norm = nn.BatchNorm2d(MELS, eps=_VARIANCE_FLOOR)

    def logmel(self, signal: Tensor) -> Tensor:
        """Map (B, N) samples to the (B, 1, 1 + N // 32, 26) image in dB."""
        return self.logmel_extractor(self.spectrogram_extractor(normalise(signal)))

    def standardise(self, image: Tensor) -> Tensor:
        """Map the image in dB to one near unit size."""
        return self.norm(image.transpose(1, 3)).transpose(1, 3)


class OtherStudent(Network):
    """A student that is compared and not deployed. Its trunk is registered under the student's own name.

    So every tensor of a checkpoint but the front end's says which student it belongs to.
    """

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.front_end = _FrontEnd()
        self.add_module(self.name, trunk)

    @property
    def trunk(self) -> Any:
        """All layers after the front end."""
        return self.get_submodule(self.name)

    def logmel(self, signal: Tensor) -> Tensor:
        """Map (B, N) samples in -1..1 at 16 kHz, N >= ``shortest``, to the (B, 1, 1 + N // 32, 26) image in dB."""
        return self.front_end.logmel(signal)


class MobileNet(OtherStudent):
    """A MobileNet of timm with one input channel and three outputs, all strides its own: 32 in time and bands.

    Five halvings with padding leave one of the 26 bands, and of 1 s 16 moments: the count that the paper gives for its
    MobileNetV4-S. So nothing is upsampled and no stride changed.
    """

    #: The network's name in timm.
    architecture: str

    def __init__(self) -> None:
        make_importable()
        create_model = require("timm", "train").create_model
        super().__init__(create_model(self.architecture, pretrained=False, in_chans=1, num_classes=len(DIMENSIONS)))

    def backbone(self, image: Tensor) -> tuple[Tensor, ...]:
        """Return the (B, C, T / 32, 1) features."""
        return (self.trunk.forward_features(self.front_end.standardise(image)),)

    def head(self, *outputs: Tensor) -> Tensor:
        """Average the features, widen them by a 1x1 convolution, project to (B, 3)."""
        (features,) = outputs
        return self.trunk.forward_head(features)


class MobileNetV3Small(MobileNet):
    """Howard et al., "Searching for MobileNetV3", arXiv 1905.02244, table 2."""

    name, architecture = "mobilenetv3-small", "mobilenetv3_small_100"


class MobileNetV3Large(MobileNet):
    """Howard et al., arXiv 1905.02244, table 1."""

    name, architecture = "mobilenetv3-large", "mobilenetv3_large_100"


class MobileNetV4Small(MobileNet):
    """Qin et al., "MobileNetV4", arXiv 2404.10518: MNv4-Conv-S."""

    name, architecture = "mobilenetv4-small", "mobilenetv4_conv_small"


class MobileNetV4Medium(MobileNet):
    """Qin et al., arXiv 2404.10518: MNv4-Conv-M."""

    name, architecture = "mobilenetv4-medium", "mobilenetv4_conv_medium"


class _Block(nn.Module):
    """Two 3x3 convolutions with batch norm and ReLU, then a mean over ``pool`` (frames, bands)."""

    def __init__(self, channels_in: int, channels: int, pool: tuple[int, int]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.pool = nn.AvgPool2d(pool)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, T, M) to (B, C', T // pool, M // pool)."""
        x = torch.relu(self.bn1(self.conv1(x)))
        return self.pool(torch.relu(self.bn2(self.conv2(x))))


class _Cnn14Trunk(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        channels = (1, 64, 128, 256, 512, 1024, 2048)
        # PANNs halves its 64 bands five times; 26 bear four, and the last block pools nothing there either.
        pools = ((2, 2), (2, 2), (2, 2), (2, 2), (2, 1), (1, 1))
        self.blocks = nn.ModuleList(map(_Block, channels, channels[1:], pools))
        self.fc1 = nn.Linear(channels[-1], channels[-1])
        self.adv = nn.Linear(channels[-1], len(DIMENSIONS))


class Cnn14(OtherStudent):
    """Kong et al., "PANNs", arXiv 1912.10211, table I, with three outputs and no sigmoid; about 80 M parameters.

    PANNs' own input is 64 bands in frames of 10 ms; this one's is 26 bands in frames of 2 ms.
    """

    name = "cnn14"
    #: Five halvings in time must leave one frame.
    shortest = 31 * HOP
    #: PANNs' dropout after each block, and around the embedding.
    _BLOCK_DROPOUT, _DROPOUT = 0.2, 0.5

    def __init__(self) -> None:
        super().__init__(_Cnn14Trunk())

    def backbone(self, image: Tensor) -> tuple[Tensor, ...]:
        """Return the (B, 2048, T // 32, 1) features."""
        x = self.front_end.standardise(image)
        for block in self.trunk.blocks:
            x = nn.functional.dropout(block(x), self._BLOCK_DROPOUT, self.training)
        return (x,)

    def head(self, *outputs: Tensor) -> Tensor:
        """Average over bands, add maximum and mean over time, embed, project to (B, 3)."""
        (features,) = outputs
        over_bands = features.mean(dim=3)
        pooled = over_bands.amax(dim=2) + over_bands.mean(dim=2)
        embedding = torch.relu(self.trunk.fc1(nn.functional.dropout(pooled, self._DROPOUT, self.training)))
        return self.trunk.adv(nn.functional.dropout(embedding, self._DROPOUT, self.training))


CLASSES: dict[str, Callable[[], Network]] = {
    cls.name: cls for cls in (MobileNetV3Small, MobileNetV3Large, MobileNetV4Small, MobileNetV4Medium, Cnn14)
}
