"""What torch computes on."""

import os

import torch

from toolchain.errors import UsageError


def choose_device(name: str) -> torch.device:
    """Return the device called ``cpu`` or ``cuda``; of ``auto``, a GPU where there is one.

    Of several GPUs, a process that torchrun started takes that of its local rank.

    Raises:
        UsageError: There is no device of that name, or no usable GPU.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise UsageError(f"There is no device {name!r}.", "Choose auto, cpu or cuda.")
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("There is no GPU that torch can use.", "Choose --device cpu.")
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    index = int(os.environ.get("LOCAL_RANK", "0"))
    torch.cuda.set_device(index)
    return torch.device("cuda", index)
