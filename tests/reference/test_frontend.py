"""The integer front end against the definition in double precision."""

import numpy as np
import pytest

from tests.random_student import random_student
from toolchain.audio.statistics import WindowStatistics
from toolchain.model.frontend import mel_filterbank
from toolchain.quantize.frontend import integer_front_end
from toolchain.quantize.student import Quantization
from toolchain.reference.frontend import frames, logmel

IMAGE = Quantization(0.5, 60)


def exact_decibels(pcm: np.ndarray, *, centred: bool) -> np.ndarray:
    """The paper's front end in float64: normalise, Hann STFT, power, mel, dB."""
    signal = pcm / 32768.0
    signal = signal - signal.mean()
    signal = signal / np.sqrt((signal * signal).mean() + 1e-7)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(64) / 64)
    extended = np.pad(signal, 32, mode="reflect") if centred else signal
    pieces = np.lib.stride_tricks.sliding_window_view(extended, 64)[::32] * window
    mel = np.abs(np.fft.rfft(pieces)) ** 2 @ mel_filterbank().astype(np.float64)
    return 10 * np.log10(np.maximum(mel, 1e-10))


def steps_off(pcm: np.ndarray, *, centred: bool) -> np.ndarray:
    front_end = integer_front_end(mel_filterbank(), IMAGE, centred=centred)
    image = logmel(pcm, WindowStatistics.of(pcm), front_end)
    exact = np.clip(np.rint(exact_decibels(pcm, centred=centred) / IMAGE.scale) + IMAGE.zero_point, -128, 127)
    assert image.shape == exact.shape
    return np.abs(image - exact)


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("divisor", [1, 30, 1000])
def test_real_speech_is_right_but_for_rounding(
    speech_clips: list[np.ndarray], centred: bool, divisor: int
) -> None:
    for pcm in speech_clips[:8]:
        quieter = (pcm // divisor).astype(np.int16)
        off = steps_off(quieter, centred=centred)
        exact = exact_decibels(quieter, centred=centred)
        # Q15 tables leave an error about 100 dB below a frame's peak: 1 % of a band 60 dB down, a sixth of a step.
        heard = exact > exact.max(axis=1, keepdims=True) - 60
        assert off[heard].max(initial=0) <= 1
        assert off[heard].mean() < 0.005


@pytest.mark.parametrize("offset", [-20_000, -3, 7_777])
def test_a_constant_offset_is_removed(speech_clips: list[np.ndarray], offset: int) -> None:
    pcm = (speech_clips[0] // 16 + offset).astype(np.int16)
    assert steps_off(pcm, centred=False).max() <= 1


def test_full_scale_noise_does_not_overflow() -> None:
    noise = np.random.default_rng(0).choice(np.array([-32768, 32767], np.int16), 4000)
    assert steps_off(noise, centred=True).max() <= 1


@pytest.mark.parametrize("level", [0, 1, -1, 32767, -32768])
def test_a_constant_signal_is_the_floor(level: int) -> None:
    front_end = integer_front_end(mel_filterbank(), IMAGE, centred=False)
    pcm = np.full(640, level, np.int16)
    image = logmel(pcm, WindowStatistics.of(pcm), front_end)
    assert (image == -128).all()


@pytest.mark.parametrize("samples", [33, 63, 64, 65, 100, 1000])
def test_frames_are_counted_as_the_stft_counts_them(samples: int) -> None:
    pcm = np.arange(samples, dtype=np.int16)
    assert len(frames(pcm, centred=True)) == random_student("wav2small-72k").frames(samples)
    if samples >= 64:
        assert len(frames(pcm, centred=False)) == random_student("wav2small-17k").frames(samples)
