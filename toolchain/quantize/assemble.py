"""Put backbone, front end and head together: float checkpoint and int8 .tflite in, `QuantizedStudent` out."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from toolchain.errors import UsageError
from toolchain.quantize.frontend import integer_front_end
from toolchain.quantize.head import gram_head, token_head
from toolchain.quantize.student import FFT_SIZE, Backbone, QuantizedStudent

#: Largest difference from the exact STFT that float32 tables of a checkpoint may have.
STFT_TOLERANCE = 1e-5


def assemble(
    model: str,
    parameters: Mapping[str, NDArray[np.float32]],
    backbone: Backbone,
    *,
    checkpoint_sha256: str,
    backbone_sha256: str,
) -> QuantizedStudent:
    """Quantise what the .tflite does not hold, and join it to what it does.

    Args:
        model: ``wav2small-17k`` or ``wav2small-72k``.
        parameters: the checkpoint's state by key name.
        backbone: as read from the int8 .tflite made from the same checkpoint.
        checkpoint_sha256: hex digest of the checkpoint file.
        backbone_sha256: hex digest of the .tflite file.

    Raises:
        UsageError: if the checkpoint's frozen STFT or mel matrix is not the one the integer front end computes.
        BuildError: if a weight is outside what the fixed-point formats hold.
    """
    _require_standard_stft(parameters)
    tokens = model == "wav2small-72k"
    head = token_head if tokens else gram_head
    return QuantizedStudent(
        model=model,
        checkpoint_sha256=checkpoint_sha256,
        backbone_sha256=backbone_sha256,
        front_end=integer_front_end(
            parameters["vgg7.logmel_extractor.melW"], backbone.input, centred=tokens
        ),
        backbone=backbone,
        head=head(parameters, backbone),
    )


def _require_standard_stft(parameters: Mapping[str, NDArray[np.float32]]) -> None:
    n = np.arange(FFT_SIZE)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / FFT_SIZE)
    angle = 2 * np.pi * np.outer(np.arange(FFT_SIZE // 2 + 1), n) / FFT_SIZE
    for part, expected in (("real", np.cos(angle) * window), ("imag", -np.sin(angle) * window)):
        key = f"vgg7.spectrogram_extractor.conv_{part}.weight"
        if np.abs(parameters[key].reshape(expected.shape) - expected).max() > STFT_TOLERANCE:
            raise UsageError(f"'{key}' of the checkpoint is not a Hann-windowed DFT of 64 samples")
