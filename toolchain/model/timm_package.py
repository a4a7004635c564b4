"""timm, imported also where torchvision's operators do not fit the installed torch.

timm imports torchvision for helpers written in Python. torchvision registers shape functions for two of its compiled
operators at import, and fails where their library cannot be loaded: its wheel on PyPI is built for CUDA, and beside a
CPU build of torch it stops with "operator torchvision::nms does not exist". No network here uses either operator, so
their signatures alone are declared; to call one of them still fails.
"""

from types import ModuleType

import torch

from toolchain.extras import require

#: As torchvision 0.28 declares them (torchvision/csrc/ops/nms.cpp and csrc/ops/quantized/cpu/qnms_kernel.cpp).
_SIGNATURES = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)

# A library's declarations live as long as the object.
_declared: list[torch.library.Library] = []


def import_timm() -> ModuleType:
    """Return the package timm.

    Raises:
        MissingToolError: timm, or the torchvision it asks for, is not installed.
    """
    try:
        return require("timm", "train")
    except RuntimeError as error:
        if "torchvision::" not in str(error) or _declared:
            raise
    library = torch.library.Library("torchvision", "FRAGMENT")
    for signature in _SIGNATURES:
        library.define(signature)
    _declared.append(library)
    return require("timm", "train")
