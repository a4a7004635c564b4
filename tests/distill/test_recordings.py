"""Recordings: what is read, trimmed, cut, and left on disk."""

import dataclasses

import numpy as np
import pytest

from toolchain.distill import recordings as module
from toolchain.distill.division import divide
from toolchain.distill.recordings import OnDisk, Recordings, load_recordings, trim_silence
from toolchain.errors import UsageError


def test_recordings_are_pcm_with_one_target_each(tiny_corpus):
    entries = divide(tiny_corpus).test
    recordings = load_recordings(entries)
    assert len(recordings) == 4 and recordings.targets.shape == (4, 3)
    assert all(pcm.dtype == np.int16 and len(pcm) == 6400 for pcm in recordings.pcm)


def test_trimming_keeps_a_fifth_of_a_second_around_the_voice():
    voice = (3000 * np.sin(np.arange(8000) / 5)).astype(np.int16)
    pcm = np.concatenate([np.zeros(16_000, np.int16), voice, np.zeros(16_000, np.int16)])
    trimmed = trim_silence(pcm)
    assert len(trimmed) == 8000 + 2 * 3200
    np.testing.assert_array_equal(trimmed[3200:11_200], voice)
    silence = np.zeros(500, np.int16)
    np.testing.assert_array_equal(trim_silence(silence), silence)


def test_a_large_corpus_stays_on_disk_and_is_the_same(tiny_corpus, monkeypatch):
    entries = divide(tiny_corpus).train
    memory = load_recordings(entries, trim=True)
    monkeypatch.setattr(module, "IN_MEMORY", 1000)
    disk = load_recordings(entries, trim=True)
    assert isinstance(memory.pcm, tuple) and isinstance(disk.pcm, OnDisk)
    assert len(disk) == len(memory) == 12
    for a, b in zip(memory.pcm, disk.pcm[:], strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_unreadable_recording_is_named(tiny_corpus):
    entry = divide(tiny_corpus).train[0]
    gone = dataclasses.replace(entry, path=tiny_corpus / "gone.wav")
    with pytest.raises(UsageError, match=r"gone\.wav"):
        load_recordings([gone])


def test_groups_number_the_corpora():
    recordings = Recordings([np.zeros(100, np.int16)] * 3, np.eye(3, dtype=np.float32), ("b", "a", "b"))
    assert recordings.groups == (1, 0, 1)
    chosen = recordings.of_corpus("b")
    assert len(chosen) == 2
    np.testing.assert_array_equal(chosen.targets, np.eye(3)[[0, 2]])


def test_loudest_part():
    quiet, loud = np.full(16_000, 10, np.int16), np.full(16_000, 1000, np.int16)
    pcm = [np.concatenate([quiet, loud, quiet]), quiet[:100]]
    first, second = Recordings(pcm, np.zeros((2, 3), np.float32), ("a", "a")).loudest(1.0).pcm
    np.testing.assert_array_equal(first, loud)
    assert len(second) == 100
