"""Any audio file libsndfile reads, as 16 kHz mono 16-bit PCM."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr

from toolchain.errors import UsageError
from toolchain.model_names import SAMPLE_RATE

#: One STFT frame; a shorter clip has no log-mel row.
MIN_SAMPLES = 64

#: A longer file is more likely a mistake than a clip, and would fill the memory.
MAX_SECONDS = 3600

_FULL_SCALE = 32768
_BLOCK_FRAMES = 65_536


def load_pcm16(path: Path) -> np.ndarray:
    """Read a clip of any rate and channel count; a 16 kHz mono 16-bit file comes back unchanged.

    Channels are averaged, other rates are resampled by soxr (high quality), the result is rounded to 16 bits.

    Returns:
        int16 array of shape (samples,), 16 kHz, at least one frame (64 samples) long.

    Raises:
        UsageError: if the file is absent, unreadable, empty, silent, shorter than a frame, longer than an
            hour, or holds NaN or infinite samples.
    """
    mono, rate = _read_mono(path)
    if not np.isfinite(mono).all():
        raise UsageError(f"audio file {path} holds NaN or infinite samples", "export it again as 16-bit PCM")
    if rate != SAMPLE_RATE:
        mono = soxr.resample(mono, rate, SAMPLE_RATE)
    if len(mono) < MIN_SAMPLES:
        raise UsageError(
            f"audio file {path} is shorter than one frame ({len(mono)} of {MIN_SAMPLES} samples at 16 kHz)"
        )
    pcm = np.clip(np.rint(mono * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)
    if (pcm == pcm[0]).all():
        raise UsageError(f"audio file {path} is silent: all its samples are equal")
    return pcm


def _read_mono(path: Path) -> tuple[np.ndarray, int]:
    """Mean over the channels as float64 of shape (frames,) with full scale 1, and the rate in Hz."""
    if not path.is_file():
        raise UsageError(f"there is no audio file {path}")
    try:
        with soundfile.SoundFile(path) as file:
            blocks = list(_mono_blocks(file))
            rate = file.samplerate
    except (soundfile.SoundFileError, OSError) as error:
        message = f"cannot read audio file {path}: {_reason(error)}"
        raise UsageError(message, "use WAV, FLAC or OGG") from error
    if not blocks:
        raise UsageError(f"audio file {path} is empty")
    mono = np.concatenate(blocks)
    if len(mono) > MAX_SECONDS * rate:
        raise UsageError(f"audio file {path} is longer than {MAX_SECONDS} s", "cut it into clips")
    return mono, rate


def _mono_blocks(file: soundfile.SoundFile) -> Iterator[np.ndarray]:
    """Blocks until the end, or until there are more than are allowed: a header may announce anything."""
    left = MAX_SECONDS * file.samplerate + 1
    while left > 0:
        block = file.read(min(left, _BLOCK_FRAMES), dtype="float64", always_2d=True)
        if len(block) == 0:
            return
        left -= len(block)
        yield block.mean(axis=1)


def _reason(error: Exception) -> str:
    """libsndfile's own words, without the path that soundfile puts before them."""
    return str(getattr(error, "error_string", error)).rstrip(".")
