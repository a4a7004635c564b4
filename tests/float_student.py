"""A float student for conversion tests: random weights, but activations and outputs of a trained one's size."""

from collections.abc import Sequence

import numpy as np
import torch

from toolchain.model.students import Student, create
from toolchain.model_names import SAMPLE_RATE

#: Spread of the outputs over clips, as speech of acted emotions gives.
_SPREAD = 0.2


def signals(pcm: Sequence[np.ndarray]) -> list[np.ndarray]:
    """int16 recordings as float32 in -1..1."""
    return [clip.astype(np.float32) / 32768 for clip in pcm]


def float_student(model_name: str, clips: Sequence[np.ndarray]) -> Student:
    """The same student every time; batch norms have the statistics of the clips, outputs lie around 0.5."""
    torch.manual_seed(0)
    model = create(model_name)
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    batch = torch.from_numpy(np.stack([np.resize(clip, 3 * SAMPLE_RATE) for clip in clips]))
    with torch.no_grad():
        for norm in norms:
            norm.momentum = None  # the plain mean over the one batch below
            norm.weight.uniform_(0.7, 1.3)
            norm.bias.normal_(0.0, 0.3)
        model.train()
        model(batch)
        model.eval()
        outputs = model(batch)
        model.adv.weight.mul_(_SPREAD / outputs.std(dim=0, keepdim=True).T)
        model.adv.bias.add_(0.5 - model(batch).mean(dim=0))
    return model
