"""audEERING's dimensional model: wav2vec 2.0, mean over time, two linear layers.

Wagner et al., "Dawn of the transformer era in speech emotion recognition", arXiv 2203.07378; hub id
``audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim`` (CC BY-NC-SA 4.0).
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from toolchain.errors import UsageError
from toolchain.model_names import DIMENSIONS
from toolchain.teacher.transformer import TransformerTeacher, order, transformers
from toolchain.teacher.weights import locate, make_filled, read_config, read_weights, require_layers

HUB_ID = "audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim"

#: Of Wav2Vec2FeatureExtractor.zero_mean_unit_var_norm.
_EPSILON = 1e-7
#: The published configuration has null, for the model has no vocabulary; transformers wants a number.
_VOCABULARY = 32
#: A mask that only training uses.
_UNUSED = frozenset({"wav2vec2.masked_spec_embed"})


class _Head(nn.Module):
    """Linear, tanh, linear; named as in the checkpoint."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, len(DIMENSIONS))

    def forward(self, x: Tensor) -> Tensor:
        return self.out_proj(torch.tanh(self.dense(x)))


class _Network(nn.Module):
    def __init__(self, config: transformers.Wav2Vec2Config) -> None:
        super().__init__()
        self.wav2vec2 = transformers.Wav2Vec2Model(config)
        self.classifier = _Head(config.hidden_size)

    def forward(self, signal: Tensor) -> Tensor:
        return self.classifier(self.wav2vec2(signal).last_hidden_state.mean(dim=1))


class Wav2Vec2Teacher(TransformerTeacher):
    """See the module."""

    kind = "wav2vec2"

    @classmethod
    def load(cls, source: str, device: torch.device) -> "Wav2Vec2Teacher":
        """Read a local folder or a hub model.

        The vocabulary file of the published model is empty, so no tokenizer is ever read.

        Raises:
            UsageError: It cannot be fetched or read, or is something else.
        """
        folder = locate(source)
        state = read_weights(folder)
        settings = read_config(folder)
        require_layers(state, settings, folder)
        config = _config(settings, folder)
        network = make_filled(lambda: _Network(config), state, folder, _UNUSED)
        return cls(network, config, order(settings, folder), "", device)

    def prepare(self, signal: Tensor) -> Tensor:
        """Zero mean and unit variance over each window."""
        centred = signal - signal.mean(dim=1, keepdim=True)
        return centred / torch.sqrt(centred.square().mean(dim=1, keepdim=True) + _EPSILON)


def _config(settings: dict, folder: Path) -> transformers.Wav2Vec2Config:
    vocabulary = settings.get("vocab_size") or _VOCABULARY
    try:
        return transformers.Wav2Vec2Config(**{**settings, "vocab_size": vocabulary})
    except Exception as error:  # transformers' validation raises many kinds
        raise UsageError(f"The teacher's {folder / 'config.json'} cannot be used: {type(error).__name__}.") from error
