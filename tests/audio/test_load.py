import os
import tracemalloc

import numpy as np
import pytest
import soundfile

from toolchain.audio import load_pcm16
from toolchain.errors import UsageError


def _tone(rate: int, seconds: float = 0.5) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(rate * seconds)) / rate)


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_16_khz_mono_16_bit_is_unchanged(tmp_path, suffix):
    pcm = np.random.default_rng(0).integers(-32768, 32768, 5000).astype(np.int16)
    path = tmp_path / f"clip.{suffix}"
    soundfile.write(path, pcm, 16_000, subtype="PCM_16")
    assert np.array_equal(load_pcm16(path), pcm)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_other_rates_are_resampled(tmp_path, rate):
    path = tmp_path / "clip.wav"
    soundfile.write(path, _tone(rate), rate, subtype="PCM_24")
    pcm = load_pcm16(path)
    assert abs(len(pcm) - 8000) <= 1
    inner = slice(500, -500)
    assert np.abs(pcm[inner] / 32768 - _tone(16_000)[: len(pcm)][inner]).max() < 0.005


def test_channels_are_averaged(tmp_path):
    path = tmp_path / "clip.wav"
    left, right = np.arange(1000, dtype=np.int16), np.arange(1000, dtype=np.int16)[::-1] * 3
    soundfile.write(path, np.stack([left, right], axis=1), 16_000)
    assert np.array_equal(load_pcm16(path), np.rint(left / 2 + right / 2).astype(np.int16))


def test_float_files_are_clipped_not_wrapped(tmp_path):
    path = tmp_path / "clip.wav"
    soundfile.write(path, _tone(16_000) * 10, 16_000, subtype="FLOAT")
    pcm = load_pcm16(path)
    assert pcm.max() == 32767
    assert pcm.min() == -32768


def _write(path, samples, subtype="FLOAT"):
    soundfile.write(path, samples, 16_000, subtype=subtype)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(0), "is empty"),
        (np.zeros(16_000), "is silent"),
        (np.full(16_000, 0.25), "is silent"),
        (np.linspace(0, 1, 63), "shorter than one frame"),
        (np.array([0.1, np.nan] * 100), "NaN or infinite"),
        (np.array([0.1, np.inf] * 100), "NaN or infinite"),
    ],
)
def test_unusable_samples_are_refused_with_one_sentence(tmp_path, samples, message):
    path = tmp_path / "clip.wav"
    _write(path, samples)
    with pytest.raises(UsageError, match=message) as caught:
        load_pcm16(path)
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message


def test_files_that_are_not_audio_are_refused(tmp_path):
    text = tmp_path / "notes.wav"
    text.write_text("not audio")
    with pytest.raises(UsageError, match="cannot read audio file"):
        load_pcm16(text)
    with pytest.raises(UsageError, match="there is no audio file"):
        load_pcm16(tmp_path / "absent.wav")
    with pytest.raises(UsageError, match="there is no audio file"):
        load_pcm16(tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    pipe = tmp_path / "clip.wav"
    os.mkfifo(pipe)
    with pytest.raises(UsageError, match="there is no audio file"):
        load_pcm16(pipe)


def test_a_header_that_announces_too_much_takes_no_memory(tmp_path):
    path = tmp_path / "clip.flac"
    soundfile.write(path, np.zeros((64, 8)), 192_000, subtype="PCM_16")
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F  # STREAMINFO: number of frames, 36 bits
    content[22:26] = b"\xff" * 4
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(UsageError):
        load_pcm16(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100e6


def test_a_truncated_flac_is_refused(tmp_path):
    whole = tmp_path / "whole.flac"
    _write(whole, _tone(16_000), "PCM_16")
    cut = tmp_path / "cut.flac"
    cut.write_bytes(whole.read_bytes()[:40])
    with pytest.raises(UsageError):
        load_pcm16(cut)


def test_more_than_an_hour_is_refused(tmp_path):
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(3601, dtype=np.int16), 1)
    with pytest.raises(UsageError, match="longer than 3600 s"):
        load_pcm16(path)


def test_a_small_file_that_holds_hours_at_a_high_rate_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("toolchain.audio.load.MAX_SAMPLES", 200_000)
    path = tmp_path / "silence.flac"
    soundfile.write(path, np.zeros(4_000_000, dtype=np.int16), 192_000)
    assert path.stat().st_size < 100_000
    tracemalloc.start()
    with pytest.raises(UsageError, match="longer than 1 s"):
        load_pcm16(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10e6


def test_a_rate_that_no_sound_card_has_is_refused(tmp_path):
    path = tmp_path / "clip.wav"
    soundfile.write(path, _tone(16_000), 16_000)
    content = bytearray(path.read_bytes())
    content[24:28] = (2**31 - 1).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(UsageError, match="has an impossible rate of 2147483647 Hz"):
        load_pcm16(path)
