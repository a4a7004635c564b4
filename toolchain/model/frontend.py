"""Float front end of Wav2Small: waveform -> normalised waveform -> power spectrogram -> log-mel image in dB.

The definitions are those of librosa (Slaney mel scale and area norm) and torchlibrosa (STFT as two
convolutions), computed here from their formulas so that neither package is needed at run time. This is the
float truth that the integer front end is measured against.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from toolchain.model_names import SAMPLE_RATE

N_FFT = 64
HOP = 32
BINS = N_FFT // 2 + 1
MELS = 26
#: Floor of the mel power before the logarithm: -100 dB.
AMIN = 1e-10
#: Added to the window's power so that silence stays silence instead of dividing by zero.
NORMALISER_EPSILON = 1e-7

# Slaney's Auditory Toolbox (1998): linear up to 1 kHz at 200/3 Hz per mel, logarithmic above it.
_HZ_PER_MEL = 200.0 / 3
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _HZ_PER_MEL
_LOG_STEP = math.log(6.4) / 27


def _hz_from_mel(mel: NDArray[np.floating]) -> NDArray[np.floating]:
    logarithmic = _BREAK_HZ * np.exp(_LOG_STEP * (mel - _BREAK_MEL))
    return np.where(mel < _BREAK_MEL, mel * _HZ_PER_MEL, logarithmic)


def mel_filterbank(n_fft: int = N_FFT, mels: int = MELS) -> NDArray[np.float64]:
    """Return the Slaney mel filters, shape (n_fft / 2 + 1 bins, mels), 0 to 8000 Hz, each of unit area.

    Equals ``librosa.filters.mel(sr=16000, n_fft=n_fft, n_mels=mels).T``. The students' band 0 lies between two
    bins of their short transform and is empty: its level is always -100 dB.
    """
    nyquist = SAMPLE_RATE / 2
    top_mel = _BREAK_MEL + math.log(nyquist / _BREAK_HZ) / _LOG_STEP
    edges = _hz_from_mel(np.linspace(0.0, top_mel, mels + 2))
    lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
    hertz = np.linspace(0.0, nyquist, n_fft // 2 + 1)[:, np.newaxis]
    rising = (hertz - lower) / (centre - lower)
    falling = (upper - hertz) / (upper - centre)
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return triangles * 2.0 / (upper - lower)


def windowed_dft() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return real and imaginary part of the Hann-windowed DFT, each of shape (33 bins, 64 samples)."""
    time = np.arange(N_FFT)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * time / N_FFT)
    angle = 2 * np.pi * np.outer(np.arange(BINS), time) / N_FFT
    return np.cos(angle) * hann, -np.sin(angle) * hann


def normalise(signal: Tensor) -> Tensor:
    """Remove the mean and divide by the root mean square, over the whole window.

    Args:
        signal: Shape (B, N).

    Returns:
        Shape (B, N), zero mean; unit power unless the window is (nearly) silent.
    """
    centred = signal - signal.mean(dim=1, keepdim=True)
    power = (centred * centred).mean(dim=1, keepdim=True)
    return centred / torch.sqrt(power + NORMALISER_EPSILON)


class Spectrogram(nn.Module):
    """Power spectrogram by two convolutions whose frozen weights are the windowed DFT.

    Args:
        centred: Reflect 32 samples at both ends, so that frame t is centred on sample 32 t.
    """

    def __init__(self, centred: bool) -> None:
        super().__init__()
        self.centred = centred
        self.conv_real = nn.Conv1d(1, BINS, N_FFT, stride=HOP, bias=False)
        self.conv_imag = nn.Conv1d(1, BINS, N_FFT, stride=HOP, bias=False)
        for conv, kernel in zip((self.conv_real, self.conv_imag), windowed_dft(), strict=True):
            conv.weight = nn.Parameter(_float32(kernel).unsqueeze(1), requires_grad=False)

    def forward(self, signal: Tensor) -> Tensor:
        """Map (B, N) samples to (B, T, 33) powers; T = 1 + N // 32 centred, else 1 + (N - 64) // 32."""
        x = signal.unsqueeze(1)
        if self.centred:
            x = nn.functional.pad(x, (N_FFT // 2, N_FFT // 2), mode="reflect")
        power = self.conv_real(x) ** 2 + self.conv_imag(x) ** 2
        return power.transpose(1, 2)


class LogMel(nn.Module):
    """Mel bands of a power spectrogram, in dB.

    Args:
        mel_is_parameter: Whether the filters count as (frozen) parameters, as in the paper's listing, or
            are a buffer, as in the public checkpoint.
    """

    melW: Tensor
    amin: Tensor

    def __init__(self, mel_is_parameter: bool) -> None:
        super().__init__()
        filters = _float32(mel_filterbank())
        if mel_is_parameter:
            self.melW = nn.Parameter(filters, requires_grad=False)
        else:
            self.register_buffer("melW", filters)
        self.register_buffer("amin", torch.tensor([AMIN]))

    def forward(self, power: Tensor) -> Tensor:
        """Map (B, T, 33) powers to (B, 1, T, 26) levels in dB, -100 dB at least."""
        mel = torch.maximum(power @ self.melW, self.amin)
        return 10.0 * torch.log10(mel).unsqueeze(1)


def _float32(array: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(array.astype(np.float32))
