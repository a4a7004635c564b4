"""What the transformer teachers share: batches on a device, and an identity from their weights."""

import hashlib
from abc import abstractmethod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from toolchain.teacher.base import Teacher
from toolchain.vision import make_importable

make_importable()
import transformers  # noqa: E402 (imports torchvision, which may need help)

__all__ = ["TransformerTeacher", "transformers"]

#: One step of the convolutional encoder (400 samples) and a second frame, so that attention has something to do.
SHORTEST = 720


class TransformerTeacher(Teacher):
    """A network of torch that maps (B, N) samples to (B, 3)."""

    shortest = SHORTEST

    def __init__(self, network: nn.Module, salt: str, device: torch.device) -> None:
        self._network = network.eval().requires_grad_(False).to(device)
        self._device = device
        self._bfloat16 = False
        self.identity = _identity(self.kind + salt, network)
        self.parameters = sum(p.numel() for p in network.parameters())

    @abstractmethod
    def prepare(self, signal: Tensor) -> Tensor:
        """Normalise (B, N) samples as the teacher was trained to hear them."""

    def annotate(self, signal: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map (B, N) samples in -1..1 at 16 kHz to (B, 3): arousal, dominance, valence."""
        x = self.prepare(torch.from_numpy(np.ascontiguousarray(signal, dtype=np.float32)).to(self._device))
        with torch.inference_mode(), torch.autocast(self._device.type, torch.bfloat16, enabled=self._bfloat16):
            return self._network(x).float().cpu().numpy()

    def use_bfloat16(self) -> None:
        """Compute matrix products in bfloat16 from now on."""
        self._bfloat16 = True


def _identity(salt: str, network: nn.Module) -> str:
    digest = hashlib.sha256(salt.encode())
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
