"""Integer front end: PCM16 window to int8 log-mel rows (``docs/numeric-contract.md``, "Front end").

The normaliser's gain is a subtraction after the logarithm. Of the window's mean, whole LSBs are taken off the
samples; the fraction that is left only reaches DFT bin 1, because a periodic Hann window turns a constant into
bins 0 and +-1, and no mel filter uses bin 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolchain.audio.statistics import WindowStatistics
from toolchain.quantize.student import FFT_SIZE, HOP, FrontEnd
from toolchain.quantize.tables import EPSILON_Q8, LOG2_FLOOR, bit_reversal
from toolchain.reference.fixed_point import (
    Int64,
    bit_length,
    log2_q16,
    multiply_q15,
    rounding_shift_right,
    saturate_int8,
    shift_left,
)

#: Bits a frame's largest windowed sample is scaled to, whatever its level: 64 of them sum below 2**29.
FRAME_BITS = 23
#: Fraction bits of a windowed sample before that scaling.
WINDOW_BITS = 15
#: Bits dropped from |X|^2 so that a mel sum of it fits 64 bits.
POWER_SHIFT = 14


@dataclass(frozen=True)
class Normaliser:
    """What the front end takes off samples and levels; int64 of shape (1,) for all frames or (T,), one for each.

    ``mean`` (whole LSB, rounded down) and ``mean_fraction`` (Q15, 0..32768) make up the mean of the signal;
    ``log2_power`` is log2 of its mean square about that mean plus epsilon, in LSB squared, Q16.
    """

    mean: Int64
    mean_fraction: Int64
    log2_power: Int64


def normaliser(sums: Sequence[WindowStatistics], front_end: FrontEnd) -> Normaliser:
    """Turn sums over a signal into the constants of the front end: those of the window, or one for each frame.

    Args:
        sums: over at most 2^24 samples each. A running estimate's are rounded: a power about the mean below zero
            counts as zero.
        front_end: has the table of the logarithm.
    """
    total, squares, samples = np.array([(s.sum, s.sum_squares, s.samples) for s in sums], np.int64).T
    mean, remainder = np.divmod(total, samples)
    # Sum of squares about the mean: exact about the integer part, then the fractional part's share.
    about_mean = squares - 2 * mean * total + samples * mean * mean
    about_mean -= remainder * remainder // samples
    power = np.maximum(about_mean, 0) + (samples * EPSILON_Q8 >> 8)
    return Normaliser(
        mean=mean,
        mean_fraction=((remainder << WINDOW_BITS) + samples // 2) // samples,
        log2_power=log2_q16(power.astype(np.uint64), front_end.log2_table)
        - log2_q16(samples.astype(np.uint64), front_end.log2_table),
    )


def frames(pcm: NDArray[np.int16], centred: bool) -> NDArray[np.int16]:
    """Cut a window into overlapping frames of 64 samples, hop 32: ``(T, 64)``.

    Centred frames see the window extended by 32 reflected samples at each end (needs 33 samples or more).
    """
    extended = np.pad(pcm, HOP, mode="reflect") if centred else pcm
    return np.lib.stride_tricks.sliding_window_view(extended, FFT_SIZE)[::HOP]


def spectrum(windowed: Int64, front_end: FrontEnd) -> tuple[Int64, Int64]:
    """Twice the DFT of 64 real samples, bins 1..31: real and imaginary part, ``(T, 31)`` each.

    A radix-2 decimation-in-time transform of 32 complex points (even samples real, odd samples imaginary),
    then the usual split. Twiddle products are floored to the operand's format.
    """
    cosine = front_end.cosine.astype(np.int64)
    sine = front_end.sine.astype(np.int64)
    order = bit_reversal()
    re, im = windowed[:, 0::2][:, order], windowed[:, 1::2][:, order]
    half = 1
    while half < FFT_SIZE // 2:
        shape = (len(windowed), -1, 2, half)
        (re0, re1), (im0, im1) = (np.moveaxis(part.reshape(shape), 2, 0) for part in (re, im))
        step = FFT_SIZE // (2 * half)
        c, s = cosine[: half * step : step], sine[: half * step : step]
        turned_re = multiply_q15(re1, c) + multiply_q15(im1, s)
        turned_im = multiply_q15(im1, c) - multiply_q15(re1, s)
        re = np.stack((re0 + turned_re, re0 - turned_re), axis=2).reshape(len(windowed), -1)
        im = np.stack((im0 + turned_im, im0 - turned_im), axis=2).reshape(len(windowed), -1)
        half *= 2
    bins = np.arange(1, FFT_SIZE // 2)
    mirror = FFT_SIZE // 2 - bins
    even_re, even_im = re[:, bins] + re[:, mirror], im[:, bins] - im[:, mirror]
    odd_re, odd_im = im[:, bins] + im[:, mirror], re[:, mirror] - re[:, bins]
    c, s = cosine[bins], sine[bins]
    return (
        even_re + multiply_q15(odd_re, c) + multiply_q15(odd_im, s),
        even_im + multiply_q15(odd_im, c) - multiply_q15(odd_re, s),
    )


def mel_power(re: Int64, im: Int64, front_end: FrontEnd) -> NDArray[np.uint64]:
    """Mel-weighted power of bins 1..31, ``(T, 26)`` uint64, `POWER_SHIFT` bits dropped."""
    power = (re * re + im * im).astype(np.uint64) >> np.uint64(POWER_SHIFT)
    mel = np.zeros((len(power), len(front_end.mel_bins)), np.uint64)
    start = 0
    for band, (first, count) in enumerate(zip(front_end.mel_first_bin, front_end.mel_bins, strict=True)):
        weights = front_end.mel_weight[start : start + int(count)].astype(np.uint64)
        mel[:, band] = (power[:, int(first) - 1 :][:, : int(count)] * weights).sum(axis=1, dtype=np.uint64)
        start += int(count)
    return mel


def scale_frames(samples: NDArray[np.int16], norm: Normaliser, front_end: FrontEnd) -> tuple[Int64, Int64]:
    """Window the frames and scale each to `FRAME_BITS`: block floating point, ``(T, 64)`` and exponents ``(T,)``.

    The mean's fraction counts as a sample, because it is added to the spectrum later.
    """
    windowed = (samples.astype(np.int64) - norm.mean[:, np.newaxis]) * front_end.window.astype(np.int64)
    peak = np.maximum(np.abs(windowed).max(axis=1), norm.mean_fraction)
    exponent = FRAME_BITS - bit_length(peak.astype(np.uint64))
    return shift_left(windowed, exponent[:, np.newaxis]), exponent


def logmel(pcm: NDArray[np.int16], statistics: WindowStatistics, front_end: FrontEnd) -> NDArray[np.int8]:
    """int8 log-mel image ``(T, 26)`` of one window of PCM16, normalised over itself."""
    return normalised_logmel(pcm, normaliser([statistics], front_end), front_end)


def normalised_logmel(pcm: NDArray[np.int16], norm: Normaliser, front_end: FrontEnd) -> NDArray[np.int8]:
    """int8 log-mel image ``(T, 26)`` of one window of PCM16."""
    scaled, exponent = scale_frames(frames(pcm, front_end.centred), norm, front_end)
    re, im = spectrum(scaled, front_end)
    # The window's own DFT is -16 at bin 1: removing the mean's fraction adds 16 of it, doubled as the spectrum is.
    re[:, 0] += shift_left(norm.mean_fraction, exponent + 5)
    mel = mel_power(re, im, front_end)
    fraction_bits = 2 * (WINDOW_BITS + 1 + exponent) - POWER_SHIFT + front_end.mel_fraction_bits
    level = log2_q16(np.maximum(mel, np.uint64(1)), front_end.log2_table)
    level -= ((fraction_bits << 16) + norm.log2_power)[:, np.newaxis]
    level = np.where(mel == 0, LOG2_FLOOR, np.maximum(level, LOG2_FLOOR))
    steps = rounding_shift_right(level * np.int64(front_end.image_multiplier), front_end.image_shift)
    return saturate_int8(steps + front_end.image_zero_point)
