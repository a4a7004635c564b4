"""One process, or several that torchrun started (PyTorch's distributed data parallel)."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn
from torch.distributed.nn.functional import all_gather
from torch.nn.parallel import DistributedDataParallel

from toolchain.model.device import choose_device


@dataclass(frozen=True)
class Processes:
    """This process among those that train together.

    Attributes:
        rank: Which of them; 0 measures and writes.
        world: How many.
        device: What this one computes on.
    """

    rank: int
    world: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process measures and writes."""
        return self.rank == 0

    def wrap(self, module: nn.Module) -> nn.Module:
        """Return ``module`` so that its gradients are shared among the processes."""
        if self.world == 1:
            return module
        return DistributedDataParallel(module, device_ids=[self.device] if self.device.type == "cuda" else None)

    def gather(self, x: Tensor) -> Tensor:
        """Return the rows of all processes, so that a loss sees the whole batch; gradients flow back."""
        if self.world == 1:
            return x
        with warnings.catch_warnings():
            # Deprecated in torch 2.13 in favour of a function that 2.12 and earlier lack.
            warnings.simplefilter("ignore", FutureWarning)
            return torch.cat(all_gather(x))

    def agree(self, value: object) -> object:
        """Return what the leading process has."""
        values = [value]
        if self.world > 1:
            distributed.broadcast_object_list(values, src=0, device=self.device)
        return values[0]


@contextmanager
def joined(device: str = "auto") -> Iterator[Processes]:
    """Join the processes that torchrun started, by NCCL on GPUs and Gloo on CPUs; alone without it.

    Args:
        device: ``cpu``, ``cuda``, or ``auto``: a GPU where there is one.

    Raises:
        UsageError: ``cuda`` was asked for and there is no usable GPU.
    """
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    chosen = choose_device(device)
    if world == 1:
        yield Processes(0, 1, chosen)
        return
    distributed.init_process_group("nccl" if chosen.type == "cuda" else "gloo", rank=rank, world_size=world)
    try:
        yield Processes(rank, world, chosen)
        distributed.barrier()  # whoever left first would break the threads that the others still talk by
    finally:
        distributed.destroy_process_group()
