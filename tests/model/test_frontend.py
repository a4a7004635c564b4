"""The torch front end against librosa and torchlibrosa."""

import librosa
import numpy as np
import pytest
import torch
import torchlibrosa

from toolchain.model.frontend import AMIN, LogMel, Spectrogram, mel_filterbank, normalise

TOLERANCE_DB = 1e-4


def speechlike(samples: int = 32_000, seed: int = 0) -> np.ndarray:
    """A harmonic tone with vibrato, a decaying spectrum and breath noise, in -1..1 at 16 kHz."""
    time = np.arange(samples) / 16_000
    phase = 2 * np.pi * (140 * time + 2 * np.sin(2 * np.pi * 5 * time))
    voice = sum(np.sin(k * phase) / k for k in range(1, 50))
    envelope = 0.55 + 0.45 * np.sin(2 * np.pi * 3 * time)
    noise = np.random.default_rng(seed).normal(size=time.size)
    return 0.1 * (voice * envelope + 0.1 * noise)


def torch_logmel(signal: np.ndarray, centred: bool) -> np.ndarray:
    spectrogram, logmel = Spectrogram(centred).double(), LogMel(mel_is_parameter=False).double()
    return logmel(spectrogram(torch.from_numpy(signal)[None]))[0, 0].numpy()


def test_filterbank_is_librosa_s_and_band_0_is_empty():
    expected = librosa.filters.mel(sr=16_000, n_fft=64, n_mels=26).T
    np.testing.assert_allclose(mel_filterbank(), expected, atol=1e-9)
    assert not mel_filterbank()[:, 0].any()


@pytest.mark.parametrize("centred", [False, True])
def test_equals_librosa(centred):
    # At a multiple of the hop librosa reflects the last frame of so short a transform one sample off.
    signal = speechlike(32_017)
    power = librosa.feature.melspectrogram(
        y=signal, sr=16_000, n_fft=64, hop_length=32, center=centred, pad_mode="reflect", power=2.0, n_mels=26
    )
    expected = librosa.power_to_db(power, amin=AMIN, top_db=None).T
    np.testing.assert_allclose(torch_logmel(signal, centred), expected, atol=TOLERANCE_DB, rtol=0)


@pytest.mark.parametrize("centred", [False, True])
def test_equals_torchlibrosa_in_float32(centred):
    signal = torch.from_numpy(speechlike(seed=1).astype(np.float32))[None]
    spectrogram = torchlibrosa.Spectrogram(n_fft=64, hop_length=32, center=centred, pad_mode="reflect")
    logmel = torchlibrosa.LogmelFilterBank(sr=16_000, n_fft=64, n_mels=26, fmin=0, fmax=8000, top_db=None)
    ours = LogMel(mel_is_parameter=True)(Spectrogram(centred)(signal))
    torch.testing.assert_close(ours, logmel(spectrogram(signal)), atol=TOLERANCE_DB, rtol=0)


def test_normalise_gives_unit_power_and_keeps_silence():
    signal = torch.from_numpy(np.stack([speechlike() + 0.2, np.full(32_000, 0.5)]))
    speech, silence = normalise(signal)
    assert abs(speech.mean()) < 1e-9
    assert abs((speech**2).mean() - 1) < 1e-4
    assert not silence.any()
