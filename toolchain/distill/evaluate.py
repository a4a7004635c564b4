"""Outputs of a student over many recordings, and their concordance with the targets."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from toolchain.audio.windows import loudest_window
from toolchain.distill.corpus import Recordings
from toolchain.distill.loss import ccc
from toolchain.model_names import DIMENSIONS

_BATCH = 64


def predict(model: nn.Module, clips: Sequence[NDArray[np.int16]]) -> NDArray[np.float32]:
    """Return the outputs, shape (n, 3), for PCM clips of any lengths; the model is put in evaluation mode."""
    by_length: defaultdict[int, list[int]] = defaultdict(list)
    for index, pcm in enumerate(clips):
        by_length[len(pcm)].append(index)
    outputs = np.empty((len(clips), len(DIMENSIONS)), dtype=np.float32)
    model.eval()
    with torch.inference_mode():
        for indices in by_length.values():
            for start in range(0, len(indices), _BATCH):
                batch = indices[start : start + _BATCH]
                signal = np.stack([clips[i] for i in batch]).astype(np.float32) / 32768
                outputs[batch] = model(torch.from_numpy(signal)).numpy()
    return outputs


def concordance(model: nn.Module, recordings: Recordings) -> dict[str, float]:
    """Return the CCC of the model's outputs with the targets, for each dimension."""
    outputs = torch.from_numpy(predict(model, recordings.pcm))
    values = ccc(outputs.double(), torch.from_numpy(recordings.targets).double())
    return dict(zip(DIMENSIONS, values.tolist(), strict=True))


def loudest(recordings: Recordings, samples: int) -> Recordings:
    """Return the loudest ``samples`` samples of each recording; shorter ones stay whole."""
    return Recordings(tuple(_loudest(pcm, samples) for pcm in recordings.pcm), recordings.targets)


def _loudest(pcm: NDArray[np.int16], samples: int) -> NDArray[np.int16]:
    if len(pcm) <= samples:
        return pcm
    start = loudest_window(pcm, samples)
    return pcm[start : start + samples]
