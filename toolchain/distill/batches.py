"""Batches of augmented crops, each a function of seed, epoch and nothing else, so that training can resume."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from toolchain.distill.augment import Signal, augment, change_speed, crop
from toolchain.distill.config import Config
from toolchain.distill.corpus import Recordings

#: Half of the crops are played up to this much faster or slower: more voices than there are speakers.
_SPEED = 0.1


def batches(recordings: Recordings, config: Config, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield signals (B, N) and targets (B, 3) of one epoch; N varies per batch, a last short batch is left out."""
    rng = np.random.default_rng((config.seed, epoch))
    order = rng.permutation(len(recordings))
    for start in range(0, len(order) - config.batch + 1, config.batch):
        indices = order[start : start + config.batch]
        samples = int(rng.integers(*config.crop_samples, endpoint=True))
        signals = np.stack([_example(recordings.pcm[i], samples, rng) for i in indices])
        yield torch.from_numpy(signals), torch.from_numpy(recordings.targets[indices])


def steps_per_epoch(recordings: Recordings, config: Config) -> int:
    """Return how many batches an epoch has."""
    return len(recordings) // config.batch


def _example(pcm: np.ndarray, samples: int, rng: np.random.Generator) -> Signal:
    factor = rng.uniform(1 - _SPEED, 1 + _SPEED) if rng.random() < 0.5 else 1.0
    # A few samples more than needed, so that the resampled piece is long enough.
    piece = crop(pcm, int(samples * factor) + 64, rng)
    if factor != 1.0:
        piece = change_speed(piece, factor)
    return augment(piece[:samples], rng)
