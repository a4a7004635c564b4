"""Augmentation: lengths, levels, bands."""

import numpy as np
import pytest

from toolchain.distill import augment


@pytest.fixture
def noise():
    return (0.1 * np.random.default_rng(0).standard_normal(16_000)).astype(np.float32)


def band_power(signal, low, high):
    hertz = np.fft.rfftfreq(len(signal), 1 / 16_000)
    return (np.abs(np.fft.rfft(signal))[(hertz >= low) & (hertz < high)] ** 2).mean()


def test_crop_is_a_piece_and_repeats_what_is_short():
    pcm = np.arange(100, dtype=np.int16)
    piece = augment.crop(pcm, 40, np.random.default_rng(1)) * 32768
    np.testing.assert_array_equal(np.diff(piece), 1)
    repeated = augment.crop(pcm, 250, np.random.default_rng(1)) * 32768
    np.testing.assert_array_equal(repeated, np.resize(pcm, 250))


@pytest.mark.parametrize("seed", range(12))
def test_any_chain_keeps_length_and_type(noise, seed):
    out = augment.augment(noise, np.random.default_rng(seed))
    assert out.shape == noise.shape and out.dtype == np.float32
    assert np.isfinite(out).all() and np.abs(out).max() <= 1 and out.std() > 0
    np.testing.assert_allclose(out * 32767, np.rint(out * 32767), atol=1e-2)


def test_same_seed_same_sound(noise):
    first, second = (augment.augment(noise, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_telephone_carries_nothing_above_its_band(noise):
    out = augment.telephone(noise)
    assert band_power(out, 300, 3000) > 0.9 * band_power(noise, 300, 3000)
    assert band_power(out, 4300, 8000) < 1e-5 * band_power(noise, 4300, 8000)


def test_companding_adds_noise_38_db_below_as_eight_bits_do(noise):
    clean, coded = augment.telephone(noise), augment.telephone(noise, companded=True)
    assert 30 < 10 * np.log10((clean**2).mean() / ((coded - clean) ** 2).mean()) < 45


def test_compression_keeps_time_and_changes_sound(noise):
    out = augment.compress(noise, np.random.default_rng(0))
    assert out.shape == noise.shape and out.dtype == np.float32
    lags = np.correlate(out[:12_000], noise[2_000:6_000])
    assert np.argmax(lags) == 2_000
    assert 0.05 < ((out - noise) ** 2).mean() / (noise**2).mean() < 1


def test_noise_lies_where_it_was_asked_for(noise):
    for seed in range(20):
        added = augment.add_noise(noise, np.random.default_rng(seed)) - noise
        assert 5 - 0.1 <= 10 * np.log10((noise**2).mean() / (added**2).mean()) <= 40 + 0.1


def test_reverberation_adds_a_tail_and_keeps_the_direct_sound():
    click = np.zeros(16_000, np.float32)
    click[100] = 1.0
    out = augment.reverberate(click, np.random.default_rng(0))
    assert out[100] == pytest.approx(1.0, abs=1e-4)
    assert np.abs(out[:100]).max() < 1e-5
    assert 0.03 < (out[101:] ** 2).sum() < 0.51


def test_speed_moves_pitch_and_length():
    tone = np.sin(2 * np.pi * 400 * np.arange(16_000) / 16_000).astype(np.float32)
    faster = augment.change_speed(tone, 1.1)
    assert len(faster) == pytest.approx(16_000 / 1.1, abs=2)
    peak = np.argmax(np.abs(np.fft.rfft(faster))) * 16_000 / len(faster)
    assert peak == pytest.approx(440, abs=2)
