"""Integer tables of the front end, from a checkpoint's mel matrix and the backbone's input quantisation."""

import math

import numpy as np
from numpy.typing import NDArray

from toolchain.errors import UsageError
from toolchain.quantize.fixed_point import significand_and_shift
from toolchain.quantize.student import FFT_SIZE, MEL_BANDS, FrontEnd, Quantization
from toolchain.quantize.tables import hann_window, log2_table, twiddles

BINS = FFT_SIZE // 2 + 1
#: dB per unit of log2(power).
DECIBELS_PER_OCTAVE = 10 * math.log10(2)


def integer_front_end(mel: NDArray[np.float32], image: Quantization, *, centred: bool) -> FrontEnd:
    """Build the integer front end.

    Args:
        mel: (33, 26) mel weights of the checkpoint, non-negative, none at DC or 8 kHz.
        image: quantisation of the log-mel image, in dB.
        centred: whether frames are centred with reflect padding.

    Raises:
        UsageError: if the mel matrix has another shape, negative weights, or weights at DC or 8 kHz.
    """
    if mel.shape != (BINS, MEL_BANDS) or not np.isfinite(mel).all() or mel.min() < 0 or mel.max() == 0:
        raise UsageError(f"the mel matrix must be {BINS} x {MEL_BANDS}, finite and non-negative")
    if mel[0].any() or mel[-1].any():
        raise UsageError("the mel matrix uses DC or 8 kHz, which the integer front end does not compute")
    first, count, weights = _non_zeros(mel)
    fraction_bits = math.floor(math.log2(65535 / float(weights.max())))
    cosine, sine = twiddles()
    multiplier, shift = significand_and_shift(DECIBELS_PER_OCTAVE / image.scale / 65536)
    return FrontEnd(
        centred=centred,
        window=hann_window(),
        cosine=cosine,
        sine=sine,
        mel_first_bin=first,
        mel_bins=count,
        mel_weight=np.rint(weights * 2.0**fraction_bits).astype(np.uint16),
        mel_fraction_bits=fraction_bits,
        log2_table=log2_table(),
        image_multiplier=multiplier,
        image_shift=shift,
        image_zero_point=image.zero_point,
    )


def _non_zeros(mel: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float64]]:
    """First bin, number of bins, and the weights of each band in turn; an empty band starts at bin 1."""
    first, count, weights = [], [], []
    for band in mel.T.astype(np.float64):
        used = np.flatnonzero(band)
        low, high = (int(used[0]), int(used[-1]) + 1) if len(used) else (1, 1)
        first.append(low)
        count.append(high - low)
        weights.append(band[low:high])
    return np.array(first, np.uint8), np.array(count, np.uint8), np.concatenate(weights)
