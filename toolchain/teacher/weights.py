"""Weights of published teachers: tensors only, whatever file they come in."""

import json
import pickletools
import re
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from toolchain.errors import UsageError
from toolchain.files import MOST_FACTS, read_text_bounded
from toolchain.hub import fetch, is_hub_id

CONFIG = "config.json"
SAFE = "model.safetensors"
PICKLED = "pytorch_model.bin"

#: Weight norm of the positional convolution, as transformers wrote it before torch had parametrisations.
_OLD_NAMES = {
    "pos_conv_embed.conv.weight_g": "pos_conv_embed.conv.parametrizations.weight.original0",
    "pos_conv_embed.conv.weight_v": "pos_conv_embed.conv.parametrizations.weight.original1",
}
#: What a table of tensors is pickled with. Anything else that torch's unpickler knows may take memory or time without
#: end: an array of as many bytes as a number says, a key that contains itself a thousandfold.
_OPCODES = frozenset(
    (
        "PROTO", "STOP", "MARK", "GLOBAL", "REDUCE", "BUILD", "BINPERSID", "EMPTY_DICT", "SETITEM", "SETITEMS",
        "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "BINUNICODE", "SHORT_BINSTRING", "BININT", "BININT1",
        "BININT2", "LONG1", "NEWTRUE", "NEWFALSE", "NONE", "BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET",
    )
)  # fmt: skip
_PUT = frozenset({"BINPUT", "LONG_BINPUT"})
_GET = frozenset({"BINGET", "LONG_BINGET"})
_SHARED = frozenset({"GLOBAL", "BINUNICODE", "SHORT_BINSTRING"})
_NUMBERS = ("Double", "Float", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
_GLOBALS = frozenset(
    {
        "collections OrderedDict",
        "torch._utils _rebuild_tensor_v2",
        "torch._utils _rebuild_parameter",
        *(f"torch {number}Storage" for number in _NUMBERS),
    }
)
#: A tensor has four; Python hashes tuples in tuples without looking at how deep they are.
_MOST_TUPLES = 20_000
#: Of the pickle, without what the tensors hold; that of WavLM-large has some 100 KB.
_MOST_PICKLED = 4 << 20
_LAYER = re.compile(r"encoder\.layers\.(\d+)\.")


def locate(source: str) -> Path:
    """Return the folder of a teacher: ``source`` itself, or where the hub model of that name was fetched to.

    Raises:
        UsageError: There is no such folder, or it could not be fetched.
    """
    folder = Path(source)
    if not folder.is_dir() and is_hub_id(source):
        # Not both files of weights: the safe one where there is one.
        folder = fetch(source, [CONFIG, SAFE])
        if not (folder / SAFE).is_file():
            folder = fetch(source, [CONFIG, PICKLED])
    if not folder.is_dir():
        raise UsageError(f"There is no folder {source} of a teacher.", "Give a local folder or a hub id (owner/name).")
    return folder


def read_config(folder: Path) -> dict[str, Any]:
    """Return ``config.json``.

    Raises:
        UsageError: It is absent or no JSON object.
    """
    path = folder / CONFIG
    try:
        config = json.loads(read_text_bounded(path, MOST_FACTS))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"The teacher's {path} cannot be read: {error}.") from error
    if not isinstance(config, dict):
        raise UsageError(f"The teacher's {path} cannot be read: it is no JSON object.")
    return config


def read_weights(folder: Path) -> dict[str, Tensor]:
    """Return the tensors of ``model.safetensors`` or, where there is none, of ``pytorch_model.bin``.

    The latter is a pickle. It is read by torch's restricted unpickler, which builds tensors and refuses all else, so
    nothing in it is executed; and only if it is written as torch 1.6 and later write a table of tensors, so that
    nothing in it takes more memory than the file is long.

    Raises:
        UsageError: Neither file is there, or it cannot be read.
    """
    if (folder / SAFE).is_file():
        path = folder / SAFE
        try:
            state = load_file(path)
        except (SafetensorError, OSError, MemoryError) as error:  # it may be larger than what can be mapped
            raise UsageError(f"The teacher's weights {path} cannot be read: {error}.") from error
    elif (folder / PICKLED).is_file():
        path = folder / PICKLED
        try:
            _require_tensors_only(path)
            state = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # pickle's, zipfile's, torch's and OS errors
            raise UsageError(
                f"The teacher's weights {path} cannot be read: they are damaged or more than tensors.",
                f"Convert them to {SAFE} elsewhere.",
            ) from error
    else:
        raise UsageError(f"{folder} holds no weights of a teacher.", f"It needs {SAFE} or {PICKLED}.")
    # Not state.items(): an OrderedDict of a pickle may have other attributes of these names.
    table = dict(dict.items(state)) if isinstance(state, dict) else {None: None}
    if not all(isinstance(name, str) and isinstance(value, Tensor) for name, value in table.items()):
        raise UsageError(f"The teacher's weights {path} cannot be read: they are no table of tensors.")
    # Not as float: a tensor that repeats one number without end takes memory only then. The network's are.
    return {_current(name): value for name, value in table.items()}


def _require_tensors_only(path: Path) -> None:
    """Refuse what is no table of tensors as torch writes it, before torch reads it.

    Raises:
        ValueError: It is something else, in one of the ways that can be told.
        Exception: Those of `zipfile`.
    """
    with zipfile.ZipFile(path) as archive:
        files = archive.infolist()
        names = [file.filename.casefold() for file in files]
        pickled = [file for file, name in zip(files, names, strict=True) if name.endswith("data.pkl")]
        if min(file.header_offset for file in files) or len(set(names)) != len(names) or len(pickled) != 1:
            raise ValueError("torch may see another archive in it")
        if any(file.compress_type != zipfile.ZIP_STORED for file in files):
            raise ValueError("it is compressed")
        if sum(file.file_size for file in files) > path.stat().st_size or pickled[0].file_size > _MOST_PICKLED:
            raise ValueError("it holds more than it is long")
        content = archive.read(pickled[0])
    tuples, last = 0, ""
    shared: set[object] = set()
    for opcode, argument, _ in pickletools.genops(content):
        name = opcode.name
        if name not in _OPCODES or (name == "GLOBAL" and argument not in _GLOBALS):
            raise ValueError(f"it has {name} {argument}")
        if name in _GET and argument not in shared:
            raise ValueError("it has parts in common")
        if name in _PUT:
            (shared.add if last in _SHARED else shared.discard)(argument)
            continue
        last = name
        tuples += name.startswith("TUPLE")
    if tuples > _MOST_TUPLES:
        raise ValueError("it has too many tuples")


def require_layers(state: dict[str, Tensor], config: dict[str, Any], folder: Path) -> None:
    """Refuse a configuration with other layers than the weights have, before a network of that size is made."""
    numbers = [int(found[1]) for found in map(_LAYER.search, state) if found]
    layers = max(numbers, default=-1) + 1
    if config.get("num_hidden_layers") != layers:
        raise UsageError(f"{folder / CONFIG} does not belong to its weights, which have {layers} layers.")


def make_filled(
    make: Callable[[], nn.Module], state: dict[str, Tensor], where: Path, unused: frozenset[str] = frozenset()
) -> nn.Module:
    """Make a network and load exactly the tensors that it has.

    It is made without memory first, for a configuration may ask for any size. A tensor that is left at its random first
    value would be a wrong number, so a missing one is an error.

    Args:
        make: Makes the network, as its configuration says.
        state: Tensors by the network's names.
        where: For the message.
        unused: Names that may be absent or left over.

    Raises:
        UsageError: The configuration cannot be used, or a tensor is missing, unknown, of another shape, or not finite.
    """
    try:
        with torch.device("meta"):
            empty = make()
    except Exception as error:  # torch and transformers raise many kinds
        raise UsageError(f"The teacher's {where / CONFIG} cannot be used: {type(error).__name__}.") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says of each tensor that nothing is copied
        _load(empty, state, where, unused)
    network = make()
    _load(network, state, where, unused)
    for name, value in network.state_dict().items():
        if not torch.isfinite(value).all():
            raise UsageError(f"The teacher in {where} has NaN or infinity in tensor {name}.")
    return network


def _load(network: nn.Module, state: dict[str, Tensor], where: Path, unused: frozenset[str]) -> None:
    try:
        missing, unexpected = network.load_state_dict(state, strict=False)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise UsageError(f"The teacher in {where} does not fit its kind: {reason}") from error
    for problem, names in (("lacks", set(missing) - unused), ("has the unknown", set(unexpected) - unused)):
        if names:
            hint = "Check that it is of the kind that was named."
            raise UsageError(f"The teacher in {where} {problem} tensor {min(names)}.", hint)


def _current(name: str) -> str:
    for old, new in _OLD_NAMES.items():
        if name.endswith(old):
            return name.removesuffix(old) + new
    return name
