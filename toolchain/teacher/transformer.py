"""What the transformer teachers share: batches on a device, an identity, and the order of their answers."""

import hashlib
import json
from abc import abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from toolchain.errors import UsageError
from toolchain.model_names import DIMENSIONS
from toolchain.teacher.base import Teacher
from toolchain.vision import make_importable

make_importable()
import transformers  # noqa: E402 (imports torchvision, which may need help)

__all__ = ["TransformerTeacher", "order", "transformers"]

#: One step of the convolutional encoder (400 samples) and a second frame, so that attention has something to do.
SHORTEST = 720

#: What of a configuration changes the answers and leaves the tensors' names and shapes as they are.
_COMPUTING = (
    "adapter_stride",
    "conv_stride",
    "do_stable_layer_norm",
    "feat_extract_activation",
    "feat_extract_norm",
    "hidden_act",
    "layer_norm_eps",
    "max_bucket_distance",
    "num_attention_heads",
)
#: How transformers names outputs that have no name.
_UNNAMED = "label_"
#: Replaces frames in training only. A checkpoint may lack it, and it then has a random value.
_MASK = "masked_spec_embed"


class TransformerTeacher(Teacher):
    """A network of torch that maps (B, N) samples to (B, 3).

    Args:
        network: It, with its weights.
        config: The encoder's configuration.
        places: Where arousal, dominance and valence are among the outputs, see :func:`order`.
        salt: What else changes the answers.
        device: Where to compute.
    """

    shortest = SHORTEST

    def __init__(
        self,
        network: nn.Module,
        config: transformers.PretrainedConfig,
        places: list[int],
        salt: str,
        device: torch.device,
    ) -> None:
        self._network = network.eval().requires_grad_(False).to(device)
        self._device = device
        self._places = places
        self._bfloat16 = False
        computing = [getattr(config, name, None) for name in _COMPUTING]
        self.identity = _identity(json.dumps([self.kind, computing, places, salt]), network)
        self.parameters = sum(p.numel() for p in network.parameters())

    @abstractmethod
    def prepare(self, signal: Tensor) -> Tensor:
        """Normalise (B, N) samples as the teacher was trained to hear them."""

    def annotate(self, signal: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map (B, N) samples in -1..1 at 16 kHz to (B, 3): arousal, dominance, valence."""
        x = self.prepare(torch.from_numpy(np.ascontiguousarray(signal, dtype=np.float32)).to(self._device))
        with torch.inference_mode(), torch.autocast(self._device.type, torch.bfloat16, enabled=self._bfloat16):
            return self._network(x)[:, self._places].float().cpu().numpy()

    def use_bfloat16(self, wanted: bool = True) -> None:
        """Compute matrix products in bfloat16 from now on, or no longer."""
        self._bfloat16 = wanted


def order(settings: dict[str, Any], folder: Path) -> list[int]:
    """Return where arousal, dominance and valence are among the outputs, as the configuration's ``id2label`` has it.

    Both published configurations name them in this order; outputs without a name are taken to have it.

    Raises:
        UsageError: Other outputs than these three are named.
    """
    names = settings.get("id2label")
    if names is None or (isinstance(names, dict) and all(str(n).lower().startswith(_UNNAMED) for n in names.values())):
        return list(range(len(DIMENSIONS)))
    outputs = {str(name).lower(): key for key, name in names.items()} if isinstance(names, dict) else {}
    if sorted(outputs) != sorted(DIMENSIONS) or sorted(outputs.values()) != ["0", "1", "2"]:
        raise UsageError(
            f"The teacher in {folder} gives {', '.join(outputs) or names!r}, not arousal, dominance and valence.",
            "Give a teacher of these three dimensions.",
        )
    return [int(outputs[dimension]) for dimension in DIMENSIONS]


def _identity(salt: str, network: nn.Module) -> str:
    digest = hashlib.sha256(salt.encode())
    for name, value in sorted(network.state_dict().items()):
        if name.endswith(_MASK):
            continue
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
