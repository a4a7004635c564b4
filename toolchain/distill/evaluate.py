"""Outputs of a network over many recordings, and their concordance with the targets."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from toolchain.distill.loss import ccc
from toolchain.distill.recordings import Recordings
from toolchain.model_names import DIMENSIONS

_BATCH = 64


def predict(model: nn.Module, clips: Sequence[NDArray[np.int16]]) -> NDArray[np.float32]:
    """Return the outputs, shape (n, 3), for PCM clips of any lengths; the model is put in evaluation mode."""
    by_length: defaultdict[int, list[int]] = defaultdict(list)
    for index, pcm in enumerate(clips):
        by_length[len(pcm)].append(index)
    outputs = np.empty((len(clips), len(DIMENSIONS)), dtype=np.float32)
    device = next(model.parameters()).device
    model.eval()
    with torch.inference_mode():
        for indices in by_length.values():
            for start in range(0, len(indices), _BATCH):
                batch = indices[start : start + _BATCH]
                signal = np.stack([clips[i] for i in batch]).astype(np.float32) / 32768
                outputs[batch] = model(torch.from_numpy(signal).to(device)).cpu().numpy()
    return outputs


def concordance(outputs: NDArray[np.float32], targets: NDArray[np.float32]) -> dict[str, float]:
    """Return the CCC of outputs with targets, both of shape (n, 3), for each dimension."""
    values = ccc(torch.from_numpy(outputs).double(), torch.from_numpy(targets).double())
    return dict(zip(DIMENSIONS, values.tolist(), strict=True))


def concordance_by_corpus(model: nn.Module, recordings: Recordings) -> dict[str, dict[str, float]]:
    """Return, for each corpus in ``recordings``, the CCC of the model's outputs with the targets."""
    outputs = predict(model, recordings.pcm)
    names = np.array(recordings.corpora)
    return {
        name: concordance(outputs[names == name], recordings.targets[names == name])
        for name in sorted(set(recordings.corpora))
    }
