"""The whole state of an unfinished training run as one ``.safetensors`` file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import torch
from pydantic import BaseModel, ConfigDict, TypeAdapter
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from toolchain.distill.config import Config
from toolchain.errors import UsageError
from toolchain.files import MOST_FACTS, read_text_bounded, require_regular, write_atomically

STATE_FILE = "training.safetensors"
HISTORY_FILE = "history.json"

#: What AdamW keeps of each parameter.
_STEP = "step"
_MOMENTS = ("exp_avg", "exp_avg_sq")


@dataclass
class Progress:
    """How far a run is: finished epochs, the best score and its epoch, and each epoch's measurements."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    epoch: int = 0
    best_epoch: int = 0
    best_score: float = -1.0
    history: list[dict[str, object]] = field(default_factory=list)


_PROGRESS = TypeAdapter(Progress)


def write_state(
    path: Path,
    config: Config,
    progress: Progress,
    modules: Mapping[str, nn.Module],
    optimizer: torch.optim.Optimizer,
) -> None:
    """Write everything a later process needs to continue after the last finished epoch."""
    tensors = {f"{name}.{key}": value for name, m in modules.items() for key, value in m.state_dict().items()}
    for index, slots in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{slot}": value for slot, value in slots.items()}
    # Copies, because safetensors refuses tensors that share memory and keeps no strides.
    copies = {key: value.clone(memory_format=torch.contiguous_format) for key, value in tensors.items()}
    metadata = {"config": json.dumps(asdict(config)), "progress": json.dumps(asdict(progress))}
    write_atomically(path, save(copies, metadata))


def read_state(
    path: Path, config: Config, modules: Mapping[str, nn.Module], optimizer: torch.optim.Optimizer
) -> Progress:
    """Load what :func:`write_state` wrote into ``modules`` and ``optimizer``.

    Raises:
        UsageError: The file is damaged, or belongs to a run with another configuration.
    """
    try:
        require_regular(path)
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("config") != json.dumps(asdict(config)):
                raise UsageError(
                    f"{path} belongs to a run with another configuration.",
                    "Repeat that configuration to continue it, or choose another output folder.",
                )
            keys = file.keys()
            tensors = {key: file.get_tensor(key) for key in keys}
            progress = _PROGRESS.validate_json(metadata["progress"], strict=True)
        for name, module in modules.items():
            module.load_state_dict(_below(tensors, name))
        _load_optimizer(optimizer, _below(tensors, "optimizer"))
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError, MemoryError) as error:
        raise UsageError(f"{path} is damaged: {error}.", "Delete it to start afresh.") from error
    return progress


class _Record(BaseModel):
    """What the model cards say of a run, of all that its record has."""

    config: Config
    made_with: str
    best_epoch: int


def read_record(folder: Path) -> dict[str, Any]:
    """Read the record of a training run from its folder: ``config``, ``made_with``, ``best_epoch`` and more.

    Raises:
        UsageError: There is none, or it is damaged.
    """
    path = folder / HISTORY_FILE
    try:
        record: dict[str, Any] = json.loads(read_text_bounded(path, MOST_FACTS))
        _Record.model_validate(record)
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no record of a training run.", "Train the network again.") from error
    return record


def _below(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    return {key.removeprefix(f"{name}."): v for key, v in tensors.items() if key.startswith(f"{name}.")}


def _load_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    slots: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, slot = key.split(".")
        slots.setdefault(int(index), {})[slot] = value
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for number, kept in slots.items():
        shape = parameters[number].shape if 0 <= number < len(parameters) else None
        if {slot: value.shape for slot, value in kept.items()} != {_STEP: (), **dict.fromkeys(_MOMENTS, shape)}:
            raise ValueError(f"the optimizer's state {number} is of something else")
    optimizer.load_state_dict({"state": slots, "param_groups": optimizer.state_dict()["param_groups"]})
