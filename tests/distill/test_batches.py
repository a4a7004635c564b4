"""Batches depend on seed, epoch and position, and on nothing else."""

import dataclasses

import numpy as np
import torch

from toolchain.distill.batches import Share, batches, steps_per_epoch
from toolchain.distill.config import Config
from toolchain.distill.recordings import Recordings

CONFIG = Config(model="", batch=4, crop_seconds=(0.1, 0.2), augment=0.5)


def recordings(count=14):
    rng = np.random.default_rng(0)
    pcm = [rng.integers(-3000, 3000, 4000).astype(np.int16) for _ in range(count)]
    targets = rng.random((count, 3)).astype(np.float32)
    return Recordings(pcm, targets, tuple("ab"[i % 2] for i in range(count)))


def same(first, second):
    return all(torch.equal(x, y) for x, y in zip(first, second, strict=True))


def test_an_epoch_is_whole_batches_of_one_length_each():
    heard = list(batches(recordings(), CONFIG, 0))
    assert len(heard) == steps_per_epoch(recordings(), CONFIG) == 3
    lengths = [batch.signal.shape[1] for batch in heard]
    assert all(1600 <= n <= 3200 for n in lengths) and len(set(lengths)) > 1
    assert all(batch.target.shape == (4, 3) and batch.group.shape == (4,) for batch in heard)


def test_the_same_again_and_another_epoch_differs():
    first, second = (list(batches(recordings(), CONFIG, 1)) for _ in range(2))
    assert all(same(a, b) for a, b in zip(first, second, strict=True))
    other = next(batches(recordings(), CONFIG, 2))
    assert other.signal.shape != first[0].signal.shape or not torch.equal(other.signal, first[0].signal)


def test_two_processes_share_what_one_would_make():
    whole = list(batches(recordings(), CONFIG, 0))
    shares = [list(batches(recordings(), CONFIG, 0, Share(rank, 2))) for rank in range(2)]
    for batch, *parts in zip(whole, *shares, strict=True):
        for rank, part in enumerate(parts):
            assert all(torch.equal(x[rank::2], y) for x, y in zip(batch, part, strict=True))


def test_workers_change_nothing():
    alone, helped = (list(batches(recordings(), CONFIG, 0, workers=n)) for n in (0, 2))
    assert all(same(a, b) for a, b in zip(alone, helped, strict=True))


def test_mixing_stays_within_a_corpus_and_mixes_sound_and_target_alike():
    plain = list(batches(recordings(), CONFIG, 0))
    mixed = list(batches(recordings(), dataclasses.replace(CONFIG, mixup=1.0), 0))
    for before, after in zip(plain, mixed, strict=True):
        assert torch.equal(before.group, after.group)
        for group in before.group.unique():
            rows = before.group == group
            # A permutation within the group keeps the group's sums.
            torch.testing.assert_close(before.signal[rows].sum(0), after.signal[rows].sum(0), atol=1e-4, rtol=1e-4)
            torch.testing.assert_close(before.target[rows].sum(0), after.target[rows].sum(0))
    assert not same(plain[0], mixed[0])
