"""The WavLM baseline of the Odyssey 2024 speech emotion challenge: WavLM, attentive statistics pooling, regression.

Goncalves et al., "Odyssey 2024 - Speech Emotion Recognition Challenge", Odyssey 2024; hub id
``3loi/SER-Odyssey-Baseline-WavLM-Multi-Attributes`` (MIT). Its code, ``pipeline_utils.py``, ships with the weights and
is *not* executed: the layers below bear the names of its tensors. That code masks what pads a batch; here all windows
of a batch are equally long, and a mask of ones changes nothing. Its model card subtracts the mean and divides by the
standard deviation plus 0.000001, and gives the order of the answers, in about 0..1: arousal, dominance, valence.
"""

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from toolchain.errors import UsageError
from toolchain.model_names import DIMENSIONS
from toolchain.teacher.transformer import TransformerTeacher, order, transformers
from toolchain.teacher.weights import CONFIG, locate, make_filled, read_config, read_weights, require_layers

HUB_ID = "3loi/SER-Odyssey-Baseline-WavLM-Multi-Attributes"

#: WavLM-large (Chen et al., arXiv 2110.13900), which the checkpoint's configuration only names.
_LARGE: dict[str, Any] = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_attention_heads": 16,
    "num_hidden_layers": 24,
    "feat_extract_norm": "layer",
    "do_stable_layer_norm": True,
    "conv_bias": False,
    "num_buckets": 320,
    "max_bucket_distance": 800,
}
#: A folder may hold WavLM's own configuration beside the checkpoint's, for another size than large.
_ENCODER_CONFIG = Path("wavlm_config") / CONFIG
_STD_EPSILON = 1e-6
_LEAST_VARIANCE = 1e-5
_UNUSED = frozenset({"ssl_model.masked_spec_embed"})


class _AttentiveStatistics(nn.Module):
    """Weighted mean and standard deviation over time (Okabe et al., arXiv 1803.10963)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.sap_linear = nn.Linear(width, width)
        self.attention = nn.Parameter(torch.empty(width, 1))

    def forward(self, x: Tensor) -> Tensor:
        weight = (torch.tanh(self.sap_linear(x)) @ self.attention).softmax(dim=1)
        mean = (weight * x).sum(dim=1)
        variance = (weight * x.square()).sum(dim=1) - mean.square()
        return torch.cat([mean, variance.clamp_min(_LEAST_VARIANCE).sqrt()], dim=1)


class _Regression(nn.Module):
    """Hidden layers of linear, layer norm, ReLU; then the outputs."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        widths = [2 * width] + [width] * layers
        self.fc = nn.ModuleList(
            nn.Sequential(nn.Linear(before, after), nn.LayerNorm(after), nn.ReLU())
            for before, after in pairwise(widths)
        )
        self.out = nn.Sequential(nn.Linear(width, len(DIMENSIONS)))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.fc:
            x = layer(x)
        return self.out(x)


class _Network(nn.Module):
    def __init__(self, config: transformers.WavLMConfig, layers: int) -> None:
        super().__init__()
        self.ssl_model = transformers.WavLMModel(config)
        self.pool_model = _AttentiveStatistics(config.hidden_size)
        self.ser_model = _Regression(config.hidden_size, layers)

    def forward(self, signal: Tensor) -> Tensor:
        return self.ser_model(self.pool_model(self.ssl_model(signal).last_hidden_state))


class WavLMTeacher(TransformerTeacher):
    """See the module."""

    kind = "wavlm"

    def __init__(
        self,
        network: nn.Module,
        config: transformers.WavLMConfig,
        places: list[int],
        level: tuple[float, float],
        device: torch.device,
    ) -> None:
        super().__init__(network, config, places, repr(level), device)
        self._mean, self._std = level

    @classmethod
    def load(cls, source: str, device: torch.device) -> "WavLMTeacher":
        """Read a local folder or a hub model.

        Raises:
            UsageError: It cannot be fetched or read, or is something else.
        """
        folder = locate(source)
        state = read_weights(folder)
        settings = read_config(folder)
        encoder = {**_LARGE, **_own_encoder(folder)}
        require_layers(state, encoder, folder)
        try:
            mean, std = float(settings["mean"]), float(settings["std"])
            layers = int(settings.get("classifier_hidden_layers", 1))
            if not (std > 0 and math.isfinite(mean) and math.isfinite(std) and 1 <= layers <= 8):
                raise ValueError
            config = transformers.WavLMConfig(**encoder)
        except Exception as error:  # transformers' validation raises many kinds
            raise UsageError(f"The teacher's {folder / CONFIG} cannot be used: {type(error).__name__}.") from error
        network = make_filled(lambda: _Network(config, layers), state, folder, _UNUSED)
        return cls(network, config, order(settings, folder), (mean, std), device)

    def prepare(self, signal: Tensor) -> Tensor:
        """Subtract the training audio's mean, divide by its standard deviation."""
        return (signal - self._mean) / (self._std + _STD_EPSILON)


def _own_encoder(folder: Path) -> dict[str, Any]:
    path = folder / _ENCODER_CONFIG
    return read_config(path.parent) if path.is_file() else {}
