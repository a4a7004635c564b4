"""Batches of augmented crops, each a function of seed, epoch and position alone.

So training resumes where it was, and any number of processes share a batch without changing it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from toolchain.distill.augment import Signal, augment, change_speed, crop
from toolchain.distill.config import Config
from toolchain.distill.recordings import Recordings

#: Shape of the Beta distribution of the share of the first crop in a mixture.
_MIXUP_SHAPE = 0.4


class Batch(NamedTuple):
    """Crops of one length.

    Attributes:
        signal: (B, N) in -1..1 at 16 kHz.
        target: What the recordings themselves say they should give, (B, 3).
        group: Number of each crop's corpus, (B,).
    """

    signal: Tensor
    target: Tensor
    group: Tensor


@dataclass(frozen=True)
class Share:
    """Which part of every batch one process of several makes."""

    rank: int = 0
    world: int = 1


class _Crop(NamedTuple):
    """One example to make: its recording, its length, and its place in the epoch, which seeds it."""

    recording: int
    samples: int
    epoch: int
    position: int


#: Signal, target and group of one crop.
_Example = tuple[Signal, np.ndarray, int]


class _Crops(Dataset[_Example]):
    """Makes crops; a worker process of the loader has one."""

    def __init__(self, recordings: Recordings, config: Config) -> None:
        self._recordings, self._config = recordings, config

    def __getitem__(self, wanted: _Crop) -> _Example:
        rng = np.random.default_rng((self._config.seed, wanted.epoch, wanted.position))
        recordings, index = self._recordings, wanted.recording
        signal = _cut(recordings.pcm[index], wanted.samples, self._config, rng)
        return signal, recordings.targets[index], recordings.groups[index]


def batches(
    recordings: Recordings, config: Config, epoch: int, share: Share | None = None, workers: int = 0
) -> Iterator[Batch]:
    """Yield the batches of one epoch; N varies per batch, a last short batch is left out.

    Args:
        recordings: What to cut crops from.
        config: The recipe.
        epoch: Which epoch, from 0.
        share: Which part of every batch to make; all of it by default.
        workers: Processes that make batches ahead; 0 makes them in this one.
    """
    order = list(_order(recordings, config, epoch, share or Share()))
    loader: DataLoader = DataLoader(
        _Crops(recordings, config), batch_sampler=order, num_workers=workers, collate_fn=_collate
    )
    for index, batch in enumerate(loader):
        yield _mix(batch, config, np.random.default_rng((config.seed, epoch, index, _MIXING)))


#: Sets the random numbers of mixing apart from those of crops and order.
_MIXING = 1


def steps_per_epoch(recordings: Recordings, config: Config) -> int:
    """Return how many batches an epoch has."""
    return len(recordings) // config.batch


def _order(recordings: Recordings, config: Config, epoch: int, share: Share) -> Iterator[list[_Crop]]:
    rng = np.random.default_rng((config.seed, epoch))
    order = rng.permutation(len(recordings))
    for step in range(steps_per_epoch(recordings, config)):
        samples = int(rng.integers(*config.crop_samples, endpoint=True))
        positions = range(step * config.batch, (step + 1) * config.batch)
        yield [_Crop(int(order[p]), samples, epoch, p) for p in positions[share.rank :: share.world]]


def _collate(examples: list[_Example]) -> Batch:
    signals, targets, groups = zip(*examples, strict=True)
    return Batch(torch.from_numpy(np.stack(signals)), torch.from_numpy(np.stack(targets)), torch.tensor(groups))


def _mix(batch: Batch, config: Config, rng: np.random.Generator) -> Batch:
    if rng.random() >= config.mixup:
        return batch
    part = float(rng.beta(_MIXUP_SHAPE, _MIXUP_SHAPE))
    partner = torch.from_numpy(_partners(batch.group.numpy(), rng))
    signal, target = (part * x + (1 - part) * x[partner] for x in (batch.signal, batch.target))
    return Batch(signal, target, batch.group)


def _partners(groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Permute the places of each group among themselves."""
    partners = np.arange(len(groups))
    for group in np.unique(groups):
        places = np.flatnonzero(groups == group)
        partners[places] = rng.permutation(places)
    return partners


def _cut(pcm: np.ndarray, samples: int, config: Config, rng: np.random.Generator) -> Signal:
    factor = rng.uniform(1 - config.speed, 1 + config.speed) if rng.random() < 0.5 else 1.0
    # A few samples more than needed, so that the resampled piece is long enough.
    piece = crop(pcm, int(samples * factor) + 64, rng)
    if factor != 1.0:
        piece = change_speed(piece, factor)
    piece = piece[:samples]
    return augment(piece, rng) if rng.random() < config.augment else piece
