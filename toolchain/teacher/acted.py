"""The teacher that needs no download: networks of ours, trained on acted speech towards ratings of emotion words.

It is no model of how speech is perceived: its targets (:mod:`toolchain.teacher.emotion`) are ratings of the *word*
for the emotion that an actor was asked for. It exists so that the whole path, from teacher to board, can be walked
and repeated without a network and without a licence for a large corpus.

It hears the *normalised* waveform, as the students do, so that nothing it knows is hidden from them.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from toolchain.errors import UsageError
from toolchain.files import MOST_STUDENT, require_regular, write_atomically
from toolchain.model.frontend import mel_filterbank, normalise
from toolchain.model.network import Network, lay_out
from toolchain.model_names import DIMENSIONS
from toolchain.teacher.base import Teacher

FILE_NAME = "teacher.safetensors"

_N_FFT = 512
_HOP = 256
_MELS = 64
#: Floor of the mel power, 20 dB below what white speech-like noise of unit power has in a band.
_FLOOR = 1e-2
_WIDTH = 24
_DROPOUT = 0.3
#: SpecAugment (Park et al., arXiv 1904.08779): widest mask in frames and in mel bands.
_MASKED_FRAMES = 12
_MASKED_MELS = 10


class _Block(nn.Module):
    """Two convolutions with batch norm and ReLU, then a mean over pairs of bands (and of frames)."""

    def __init__(self, channels_in: int, channels: int, frames: int, pool: int) -> None:
        super().__init__()
        size, padding = (frames, 3), (frames // 2, 1)
        self.conv1 = nn.Conv2d(channels_in, channels, size, padding=padding, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, size, padding=padding, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.pool = nn.AvgPool2d((pool, 2))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, T, M) to (B, C', T / pool, M / 2)."""
        x = torch.relu(self.norm1(self.conv1(x)))
        return self.pool(torch.relu(self.norm2(self.conv2(x))))


class ActedNetwork(Network):
    """One member of the teacher: 64 log-mel bands in frames of 32 ms, four blocks, mean over time, two linear layers.

    Only the first block looks at neighbouring frames: the network hears about 0.1 s at a time and averages what it
    heard, so that a student that hears 0.05 s at a time can follow it.
    """

    name = "acted"

    mel: Tensor
    window: Tensor

    def __init__(self) -> None:
        super().__init__()
        filters = torch.from_numpy(mel_filterbank(_N_FFT, _MELS).astype(np.float32))
        # Derived from constants, so not part of a checkpoint.
        self.register_buffer("mel", filters, persistent=False)
        self.register_buffer("window", torch.hann_window(_N_FFT), persistent=False)
        width = _WIDTH
        self.blocks = nn.Sequential(
            _Block(1, width, frames=3, pool=2),
            _Block(width, 2 * width, frames=1, pool=1),
            _Block(2 * width, 4 * width, frames=1, pool=1),
            _Block(4 * width, 8 * width, frames=1, pool=1),
        )
        self.hidden = nn.Linear(8 * width, 8 * width)
        self.dropout = nn.Dropout(_DROPOUT)
        self.adv = nn.Linear(8 * width, len(DIMENSIONS))
        nn.init.constant_(self.adv.bias, 0.5)

    def logmel(self, signal: Tensor) -> Tensor:
        """Map (B, N) samples, N >= 512, to the (B, 1, T, 64) log-mel image of the normalised window, near unit size."""
        spectrum = torch.stft(normalise(signal), _N_FFT, _HOP, window=self.window, return_complex=True)
        power = spectrum.real**2 + spectrum.imag**2
        decibels = 10 * torch.log10((power.transpose(1, 2) @ self.mel).clamp_min(_FLOOR))
        return (decibels / 20 - 0.5).unsqueeze(1)

    def backbone(self, image: Tensor) -> tuple[Tensor, ...]:
        """Map the image to the (B, T2, 192) features of each moment; hides parts of it in training."""
        x = self.blocks(_mask(image) if self.training else image)
        return (x.mean(dim=3).transpose(1, 2),)

    def head(self, *outputs: Tensor) -> Tensor:
        """Map the features to (B, 3): arousal, dominance, valence."""
        (x,) = outputs
        x = self.dropout(x.mean(dim=1))
        return self.adv(self.dropout(torch.relu(self.hidden(x))))


class ActedTeacher(Teacher):
    """Mean of several :class:`ActedNetwork` that differ in their seeds."""

    kind = "acted"
    shortest = _N_FFT

    def __init__(self, members: list[ActedNetwork]) -> None:
        self._members = [member.eval() for member in members]
        for member in members:
            lay_out(member)
        self.identity = hashlib.sha256(b"acted" + _bytes(self._members)).hexdigest()
        self.members = len(members)
        self._bfloat16 = False
        self.parameters = sum(p.numel() for member in members for p in member.parameters())

    @classmethod
    def load(cls, folder: Path) -> "ActedTeacher":
        """Read ``teacher.safetensors`` (the file or its folder).

        Raises:
            UsageError: The file is absent, damaged, or holds something else.
        """
        path = folder / FILE_NAME if folder.is_dir() else folder
        if not path.is_file():
            raise UsageError(f"There is no teacher {path}.", f"Give a folder with {FILE_NAME}.")
        try:
            require_regular(path, MOST_STUDENT)
            state = load_file(path)
            members = [_member(state, index) for index in range(_count(state))]
        except (SafetensorError, OSError, RuntimeError, ValueError) as error:
            raise UsageError(f"{path} is not a teacher of kind 'acted': {error}.") from error
        return cls(members)

    def save(self, folder: Path) -> None:
        """Write ``teacher.safetensors``, half floats: the rounding is part of the teacher once it is loaded."""
        write_atomically(folder / FILE_NAME, _bytes(self._members))

    def annotate(self, signal: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map (B, N) samples in -1..1 at 16 kHz, N >= 512, to (B, 3): arousal, dominance, valence."""
        with torch.inference_mode():
            x = torch.from_numpy(signal)
            image = self._members[0].logmel(x)
            with torch.autocast("cpu", torch.bfloat16, enabled=self._bfloat16):
                features = [member.backbone(image) for member in self._members]
            outputs = [member.head(*(x.float() for x in f)) for member, f in zip(self._members, features, strict=True)]
            return torch.stack(outputs).mean(dim=0).numpy()

    def use_bfloat16(self, wanted: bool = True) -> None:
        """Compute the convolutions in bfloat16 from now on, or no longer."""
        self._bfloat16 = wanted


def _bytes(members: list[ActedNetwork]) -> bytes:
    state = {
        f"{index}.{key}": value.half() if value.is_floating_point() else value
        for index, member in enumerate(members)
        for key, value in member.state_dict().items()
    }
    return save({key: value.contiguous() for key, value in state.items()})


def _count(state: dict[str, Tensor]) -> int:
    numbers = {key.partition(".")[0] for key in state}
    if not numbers or numbers != {str(index) for index in range(len(numbers))}:
        raise ValueError("its tensors are not those of numbered members")
    return len(numbers)


def _member(state: dict[str, Tensor], index: int) -> ActedNetwork:
    prefix = f"{index}."
    own = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
    if not all(torch.isfinite(value).all() for value in own.values()):
        raise ValueError("a tensor holds NaN or infinity")
    network = ActedNetwork()
    network.load_state_dict(own)
    return network


def _mask(image: Tensor) -> Tensor:
    """Return the image with one stretch of frames and one of bands, of random widths, set to 0 (SpecAugment)."""
    image = image * _stripe(image.shape[0], image.shape[2], _MASKED_FRAMES).unsqueeze(3)
    return image * _stripe(image.shape[0], image.shape[3], _MASKED_MELS).unsqueeze(2)


def _stripe(batch: int, length: int, widest: int) -> Tensor:
    """Return (B, 1, length) of ones with a stretch of fewer than ``widest`` zeros at a random place."""
    width = torch.randint(widest, (batch, 1))
    start = (torch.rand(batch, 1) * (length - width).clamp_min(1)).long()
    place = torch.arange(length)
    return ((place < start) | (place >= start + width)).float().unsqueeze(1)
