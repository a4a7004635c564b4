"""The reader of audio, of each container."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from tests.fuzz.readers.reader import Reader, voice


def _audio(container: str, *subtypes: str) -> Callable[[], list[bytes]]:
    def make() -> list[bytes]:
        files = []
        for subtype in subtypes:
            for rate, channels in ((16_000, 1), (44_100, 2)):
                file = io.BytesIO()
                samples = np.stack([voice()] * channels, axis=1)
                soundfile.write(file, samples, rate, format=container, subtype=subtype)
                files.append(file.getvalue())
        return files

    return make


def _read_audio(path: Path) -> None:
    from toolchain.audio.load import load_pcm16

    assert load_pcm16(path).dtype == np.int16


READERS = (
    Reader("wav", "clip.wav", _audio("WAV", "PCM_16", "FLOAT", "ULAW"), _read_audio),
    Reader("flac", "clip.flac", _audio("FLAC", "PCM_16"), _read_audio),
    Reader("ogg", "clip.ogg", _audio("OGG", "VORBIS"), _read_audio),
)
