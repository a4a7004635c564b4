"""Read and write students as ``.safetensors``; nothing that could execute code is ever opened."""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_bytes
from torch import Tensor, nn

from toolchain.errors import UsageError
from toolchain.files import MOST_STUDENT, require_regular, write_atomically
from toolchain.hub import fetch, is_hub_id
from toolchain.model.network import Network
from toolchain.model.students import Student, create, for_board
from toolchain.model_names import MODELS, OTHER_STUDENTS

FILE_NAME = "model.safetensors"
_PICKLE_SUFFIXES = {".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth"}


def load(source: str | Path, model_name: str | None = None) -> Network:
    """Load a student in evaluation mode.

    Args:
        source: A ``.safetensors`` file, a folder that holds ``model.safetensors``, or a hub id such as
            ``audeering/wav2small``, which is the only case that uses the network.
        model_name: The student the file must hold; inferred from the tensor names when not given.

    Returns:
        The student, its weights in float32.

    Raises:
        UsageError: The file is missing, damaged, a pickle, or not a checkpoint of that student.
        MissingToolError: A hub id was given and ``huggingface_hub`` is not installed, or the file holds a MobileNet
            and timm is not.
    """
    path = _locate(source)
    try:
        require_regular(path, MOST_STUDENT)
        with safe_open(path, framework="pt") as tensors:
            return _read(tensors, path, model_name)
    except (SafetensorError, OSError) as error:
        raise UsageError(
            f"{path} is not a readable .safetensors file: {error}.", "Fetch or export the checkpoint again."
        ) from error


def load_for_board(source: str | Path, model_name: str | None = None) -> Student:
    """Load a student that reaches a board; see :func:`load`.

    Raises:
        UsageError: Also where it is one of the other students.
    """
    return for_board(load(source, model_name))


def save(model: nn.Module, path: str | Path) -> None:
    """Write every parameter and buffer of ``model``, whole or not at all; the same model gives the same bytes."""
    state = {key: value.cpu().contiguous() for key, value in model.state_dict().items()}
    # One entry only: safetensors writes several in any order. "pt" is what transformers asks for.
    write_atomically(Path(path), save_bytes(state, {"format": "pt"}))


def _locate(source: str | Path) -> Path:
    path = Path(source)
    if path.suffix in _PICKLE_SUFFIXES:
        raise UsageError(
            f"{path} is a pickle, which can execute code when opened, so it is not loaded.",
            "Give the checkpoint as a .safetensors file.",
        )
    if path.is_dir():
        path = path / FILE_NAME
    if path.is_file():
        return path
    if is_hub_id(str(source)) and not str(source).endswith(".safetensors"):
        return fetch(str(source), [FILE_NAME]) / FILE_NAME
    raise UsageError(f"{path} does not exist.", f"Give a .safetensors file, a folder with {FILE_NAME}, or a hub id.")


def _read(tensors: Any, path: Path, model_name: str | None) -> Network:
    keys = set(tensors.keys())
    model = create(model_name or _infer(keys, path))
    expected = model.state_dict()
    _check_keys(keys, set(expected), f"{path} as {model.name}")
    state = {key: _tensor(tensors, key, reference, path) for key, reference in expected.items()}
    model.load_state_dict(state)
    return model.eval()


def _infer(keys: set[str], path: Path) -> str:
    """Return the student whose trunk is named in ``keys``, else the Wav2Small student that shares most of them."""
    trunks = {key.partition(".")[0] for key in keys}
    for name in OTHER_STUDENTS:
        if name in trunks:
            return name
    shared = {name: len(keys & set(create(name).state_dict())) for name in MODELS}
    best = max(shared, key=lambda name: shared[name])
    if not shared[best]:
        raise UsageError(f"{path} holds no student: none of its tensors has a known name.")
    return best


def _check_keys(keys: set[str], expected: set[str], where: str) -> None:
    for problem, names in (("lacks", expected - keys), ("has the unknown", keys - expected)):
        if names:
            first, *others = sorted(names)
            rest = f" and {len(others)} more" if others else ""
            raise UsageError(f"{where} {problem} tensor {first}{rest}.", "Check that it is the right model.")


def _tensor(tensors: Any, key: str, reference: Tensor, path: Path) -> Tensor:
    # The shape is checked before the data is read: a foreign file may be larger than memory.
    shape = tuple(tensors.get_slice(key).get_shape())
    if shape != tuple(reference.shape):
        raise UsageError(f"{path}: tensor {key} has shape {shape}, expected {tuple(reference.shape)}.")
    value = tensors.get_tensor(key)
    if value.is_floating_point() != reference.is_floating_point():
        raise UsageError(f"{path}: tensor {key} has type {value.dtype}, expected {reference.dtype}.")
    if not torch.isfinite(value).all():
        raise UsageError(f"{path}: tensor {key} contains NaN or infinity.")
    return value.to(reference.dtype)
