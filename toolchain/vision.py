"""torchvision beside a torch built for the CPU.

timm and transformers import torchvision, and need none of its compiled operators. Its published wheel is built for
CUDA: beside a torch without, the operators cannot be loaded, and the import then ends on the missing declarations
of two of them. Declared here, without an implementation, they let it be imported.
"""

import importlib
import importlib.util
import sys

import torch

_OPERATORS = ("nms", "qnms")
_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"

#: A library lives as long as its object.
_declared: list[torch.library.Library] = []


def make_importable() -> None:
    """Import torchvision, declaring what it lacks; without torchvision, do nothing."""
    if _declared or importlib.util.find_spec("torchvision") is None:
        return
    try:
        importlib.import_module("torchvision")
    except RuntimeError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "DEF")
        for operator in _OPERATORS:
            library.define(operator + _SCHEMA)
        _declared.append(library)
        importlib.import_module("torchvision")
