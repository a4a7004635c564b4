"""What may happen to a voice between mouth and microphone, so that a student does not learn the studio.

Level matters only through the rounding to 16 bits: the student normalises its window.
"""

import io

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from toolchain.model_names import SAMPLE_RATE

Signal = NDArray[np.float32]

#: Rate of telephone recordings, which carry nothing above half of it.
_TELEPHONE_RATE = 8_000
_MU = 255


def crop(pcm: NDArray[np.int16], samples: int, rng: np.random.Generator) -> Signal:
    """Return a random piece of ``samples`` samples in -1..1; a shorter recording is repeated."""
    if len(pcm) < samples:
        pcm = np.resize(pcm, samples)
    start = rng.integers(len(pcm) - samples + 1)
    return pcm[start : start + samples].astype(np.float32) / np.float32(32768)


def augment(signal: Signal, rng: np.random.Generator) -> Signal:
    """Return ``signal`` through a random chain of room, microphone, noise and telephone, same length."""
    if rng.random() < 0.25:
        signal = reverberate(signal, rng)
    if rng.random() < 0.5:
        signal = tilt(signal, rng)
    if rng.random() < 0.5:
        signal = add_noise(signal, rng)
    if rng.random() < 0.15:
        signal = compress(signal, rng)
    if rng.random() < 0.35:
        signal = telephone(signal, companded=rng.random() < 0.5)
    return digitise(signal, rng)


def change_speed(signal: Signal, factor: float) -> Signal:
    """Play faster (``factor`` > 1) or slower; pitch and length change with it."""
    return soxr.resample(signal, SAMPLE_RATE * factor, SAMPLE_RATE, quality="LQ")


def reverberate(signal: Signal, rng: np.random.Generator) -> Signal:
    """Convolve with exponentially decaying noise of 0.1 to 0.6 s reverberation time, 3 to 15 dB below direct."""
    decay = rng.uniform(0.1, 0.6) * SAMPLE_RATE
    time = np.arange(int(decay))
    # 60 dB of decay within the reverberation time: amplitude 10**-3.
    response = rng.standard_normal(len(time)) * 10 ** (-3 * time / decay)
    response *= 10 ** (-rng.uniform(3, 15) / 20) / np.sqrt((response**2).sum())
    response[0] = 1.0
    # The next power of two: a prime length would cost ten times as much.
    length = 1 << (len(signal) + len(response)).bit_length()
    spectrum = np.fft.rfft(signal, length) * np.fft.rfft(response, length)
    return np.fft.irfft(spectrum, length)[: len(signal)].astype(np.float32)


def tilt(signal: Signal, rng: np.random.Generator) -> Signal:
    """Raise or lower the spectrum by up to 3 dB per octave, as microphones and rooms do."""
    return _shape(signal, rng.uniform(-3, 3))


def add_noise(signal: Signal, rng: np.random.Generator) -> Signal:
    """Add noise falling by 0 to 6 dB per octave, 5 to 40 dB below the signal."""
    noise = _shape(rng.standard_normal(len(signal)).astype(np.float32), rng.uniform(-6, 0))
    ratio = float(np.mean(signal**2)) / float(np.mean(noise**2))
    return signal + noise * np.float32(np.sqrt(ratio * 10 ** (-rng.uniform(5, 40) / 10)))


def compress(signal: Signal, rng: np.random.Generator) -> Signal:
    """Encode as MP3 at a random quality and decode again."""
    scale = np.float32(0.5 / max(float(np.abs(signal).max()), 1e-6))
    file = io.BytesIO()
    soundfile.write(file, signal * scale, SAMPLE_RATE, format="MP3", compression_level=rng.uniform(0.3, 0.99))
    file.seek(0)
    decoded, _ = soundfile.read(file, dtype="float32")
    return (np.resize(decoded, len(signal)) / scale).astype(np.float32, copy=False)


def telephone(signal: Signal, companded: bool = False) -> Signal:
    """Resample to 8 kHz and back, as a telephone recording reaches the student.

    Args:
        signal: What is said.
        companded: Whether the line codes each sample in 8 bits, on the mu-law curve of ITU-T G.711.
    """
    narrow = soxr.resample(signal, SAMPLE_RATE, _TELEPHONE_RATE)
    if companded:
        narrow = _mu_law(narrow)
    return soxr.resample(narrow, _TELEPHONE_RATE, SAMPLE_RATE)[: len(signal)]


def digitise(signal: Signal, rng: np.random.Generator) -> Signal:
    """Record with 16 bits at 15 to 40 dB below full scale: what lies above a telephone band is rounding noise."""
    level = 10 ** (-rng.uniform(15, 40) / 20) / max(float(np.sqrt(np.mean(signal**2))), 1e-6)
    return np.rint(np.clip(signal * level, -1, 1) * 32767).astype(np.float32) / np.float32(32767)


def _shape(signal: Signal, decibels_per_octave: float) -> Signal:
    """Tilt the spectrum around 1 kHz; below 50 Hz it stays level."""
    hertz = np.maximum(np.fft.rfftfreq(len(signal), 1 / SAMPLE_RATE), 50.0)
    gain = (hertz / 1000) ** (decibels_per_octave / 20 / np.log10(2))
    return np.fft.irfft(np.fft.rfft(signal) * gain, len(signal)).astype(np.float32)


def _mu_law(signal: Signal) -> Signal:
    """Round to 8 bits on the mu-law curve: F(x) = sgn(x) ln(1 + 255 |x|) / ln(256), x in -1..1."""
    scale = np.float32(max(float(np.abs(signal).max()), 1e-6))
    x = signal / scale
    code = np.rint(np.sign(x) * np.log1p(_MU * np.abs(x)) / np.log1p(_MU) * 127) / 127
    return (np.sign(code) * np.expm1(np.abs(code) * np.log1p(_MU)) / _MU * scale).astype(np.float32)
