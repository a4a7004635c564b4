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

#: Of the usual rates the highest at which so long a file is read; at a higher one it may be as many samples. Silence
#: takes next to nothing in a FLAC file, so the file's size bounds nothing.
MAX_SAMPLES = MAX_SECONDS * 48_000

#: No sound card is faster; a header may say anything, and the resampler's filter grows with it.
MAX_RATE = 768_000

_FULL_SCALE = 32768
_BLOCK_FRAMES = 65_536


def load_pcm16(path: Path) -> np.ndarray:
    """Read a clip of any rate and channel count; a 16 kHz mono 16-bit file comes back unchanged.

    Channels are averaged, other rates are resampled by soxr (high quality), the result is rounded to 16 bits.

    Returns:
        int16 array of shape (samples,), 16 kHz, at least one frame (64 samples) long.

    Raises:
        UsageError: if the file is absent, unreadable, empty, silent, shorter than a frame, longer than an
            hour (of 48 kHz, or as many samples), of a rate beyond any sound card's, or holds NaN or infinite samples.
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
            rate = file.samplerate
            _require_rate(rate, path)
            blocks = list(_mono_blocks(file, _most_samples(rate) + 1))
    except (soundfile.SoundFileError, OSError) as error:
        message = f"cannot read audio file {path}: {_reason(error)}"
        raise UsageError(message, "use WAV, FLAC or OGG") from error
    if not blocks:
        raise UsageError(f"audio file {path} is empty")
    mono = np.concatenate(blocks)
    most = _most_samples(rate)
    if len(mono) > most:
        raise UsageError(f"audio file {path} is longer than {most // rate} s", "cut it into clips")
    return mono, rate


def _require_rate(rate: int, path: Path) -> None:
    if rate > MAX_RATE:
        raise UsageError(f"audio file {path} has an impossible rate of {rate} Hz", "export it again")


def _most_samples(rate: int) -> int:
    """Samples that a file of this rate may have."""
    return min(MAX_SECONDS * rate, MAX_SAMPLES)


def _mono_blocks(file: soundfile.SoundFile, left: int) -> Iterator[np.ndarray]:
    """Blocks until the end, or until there are ``left`` samples: a header may announce anything."""
    while left > 0:
        block = file.read(min(left, _BLOCK_FRAMES), dtype="float64", always_2d=True)
        if len(block) == 0:
            return
        left -= len(block)
        yield block.mean(axis=1)


def _reason(error: Exception) -> str:
    """libsndfile's own words, without the path that soundfile puts before them."""
    return str(getattr(error, "error_string", error)).rstrip(".")
