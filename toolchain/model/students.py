"""The two Wav2Small students.

``wav2small-72k`` follows the listing in the paper (arXiv 2408.13920), ``wav2small-17k`` the public checkpoint
``audeering/wav2small``, whose 52 tensor names the attribute names below produce.
"""

import torch
from torch import Tensor, nn

from toolchain.errors import UsageError
from toolchain.model.frontend import MELS, LogMel, Spectrogram, normalise
from toolchain.model.network import Network
from toolchain.model_names import ALL_STUDENTS, DIMENSIONS, MODELS, OTHER_STUDENTS

CHANNELS = 13
#: Mel bands left after the pooling.
POOLED_MELS = MELS // 2
#: Elements of one row of the 72k's attention.
ROW = CHANNELS * POOLED_MELS


class ConvBlock(nn.Module):
    """3x3 convolution without bias, batch norm, ReLU."""

    def __init__(self, channels_in: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, CHANNELS, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(CHANNELS)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, T, M) to (B, 13, T, M)."""
        return torch.relu(self.norm(self.conv(x)))


class Vgg7(nn.Module):
    """Front end, trunk of seven convolutions, and the 1x1 convolutions after it.

    Args:
        centred: Whether the STFT is centred (72k) or not (17k).
        mel_is_parameter: See :class:`LogMel`.
        gated: Whether a second 1x1 convolution ``sof`` gives the weights over time (17k).
    """

    def __init__(self, centred: bool, mel_is_parameter: bool, gated: bool) -> None:
        super().__init__()
        self.l1 = ConvBlock(1)
        self.l2 = ConvBlock(CHANNELS)
        self.l3 = ConvBlock(CHANNELS)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.l4 = ConvBlock(CHANNELS)
        self.l5 = ConvBlock(CHANNELS)
        self.l6 = ConvBlock(CHANNELS)
        self.l7 = ConvBlock(CHANNELS)
        self.lin = nn.Conv2d(CHANNELS, CHANNELS, 1)
        if gated:
            self.sof = nn.Conv2d(CHANNELS, CHANNELS, 1)
        self.spectrogram_extractor = Spectrogram(centred)
        self.logmel_extractor = LogMel(mel_is_parameter)

    def logmel(self, signal: Tensor) -> Tensor:
        """Map (B, N) samples to the (B, 1, T, 26) log-mel image of the normalised window, in dB."""
        return self.logmel_extractor(self.spectrogram_extractor(normalise(signal)))

    def forward(self, image: Tensor) -> Tensor:
        """Map the (B, 1, T, 26) image to the trunk's (B, 13, T2, 13), T2 = (T + 1) // 2."""
        x = self.pool(self.l3(self.l2(self.l1(image))))
        return self.l7(self.l6(self.l5(self.l4(x))))


class Student(Network):
    """A Wav2Small student: of its stages, only the backbone is deployed as int8 convolutions."""

    vgg7: Vgg7
    adv: nn.Linear

    def logmel(self, signal: Tensor) -> Tensor:
        """Map (B, N) samples in -1..1 at 16 kHz, N >= 64, to the (B, 1, T, 26) image in dB."""
        return self.vgg7.logmel(signal)


class Wav2Small17k(Student):
    """The public checkpoint's network: gated sum over time, then the sum and its Gram matrix."""

    name = "wav2small-17k"

    def __init__(self) -> None:
        super().__init__()
        self.vgg7 = Vgg7(centred=False, mel_is_parameter=False, gated=True)
        self.adv = nn.Linear(2 * ROW, len(DIMENSIONS))

    def backbone(self, image: Tensor) -> tuple[Tensor, ...]:
        """Return ``(lin, sof)``."""
        x = self.vgg7(image)
        return self.vgg7.lin(x), self.vgg7.sof(x)

    def head(self, *outputs: Tensor) -> Tensor:
        """Pool ``lin`` over time with the softmax of ``sof``, append the Gram matrix, project."""
        lin, sof = outputs
        x = (lin * sof.softmax(dim=2)).sum(dim=2)
        gram = x @ x.transpose(1, 2)
        return self.adv(torch.cat([x, gram], dim=2).flatten(1))


class Wav2Small72k(Student):
    """The paper's network: attention over rows of 169 elements."""

    name = "wav2small-72k"

    def __init__(self) -> None:
        super().__init__()
        self.vgg7 = Vgg7(centred=True, mel_is_parameter=True, gated=False)
        self.lin = nn.Linear(ROW, ROW)
        self.sof = nn.Linear(ROW, ROW)
        self.adv = nn.Linear(ROW, len(DIMENSIONS))

    def backbone(self, image: Tensor) -> tuple[Tensor, ...]:
        """Return ``(rows,)``."""
        return (self.vgg7.lin(self.vgg7(image)),)

    def head(self, *outputs: Tensor) -> Tensor:
        """Pool the rows with a softmax over them, project."""
        (x,) = outputs
        # Without a permute, as in the paper: a row is 13 consecutive frames of (mostly) one channel.
        rows = x.reshape(x.shape[0], -1, ROW)
        pooled = (self.sof(rows).softmax(dim=1) * self.lin(rows)).sum(dim=1)
        return self.adv(pooled)


_CLASSES: dict[str, type[Student]] = {cls.name: cls for cls in (Wav2Small17k, Wav2Small72k)}


def create(model_name: str) -> Network:
    """Return an untrained student in training mode.

    Raises:
        UsageError: ``model_name`` is not one of ``ALL_STUDENTS``.
        MissingToolError: It is a MobileNet and timm is not installed.
    """
    if model_name in _CLASSES:
        return _CLASSES[model_name]()
    if model_name in OTHER_STUDENTS:
        # Only these need timm.
        from toolchain.model.other_students import CLASSES

        return CLASSES[model_name]()
    raise UsageError(f"There is no model named {model_name!r}.", f"Choose one of {', '.join(ALL_STUDENTS)}.")


def for_board(network: Network) -> Student:
    """Return the network if it is a student that reaches a board.

    Raises:
        UsageError: It is another.
    """
    if not isinstance(network, Student):
        raise UsageError(
            f"{network.name} does not reach a board: it can be trained and evaluated only.",
            f"Boards run {' and '.join(MODELS)}.",
        )
    return network
