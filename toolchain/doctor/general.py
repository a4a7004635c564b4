"""What no single target needs: Python, the extras and speech to test with."""

import platform
from collections.abc import Iterator
from importlib.util import find_spec

from toolchain.audio import installed_corpus
from toolchain.doctor.check import Check
from toolchain.errors import MissingToolError
from toolchain.extras import install_line

#: Extra -> what it is for, and the modules that show it is installed.
_EXTRAS = {
    "train": ("distill, label, card, evaluate", ("torch",)),
    "teacher": ("the published teachers", ("torch", "transformers")),
    "convert": ("export, quantize", ("torch", "onnx", "onnx2tf", "ai_edge_litert", "litert_quantizer")),
    "tflm": ("measure TFLite Micro", ("tflite_micro",)),
    "tensorflow": ("the other converter of onnx2tf", ("tensorflow",)),
    "hub": ("checkpoints by hub id", ("huggingface_hub",)),
    "compare": ("bench --compare", ("bakenn",)),
    "probe": ("flash with pyOCD", ("pyocd",)),
}


def general_checks() -> Iterator[Check]:
    """Check Python, the extras and the recordings; the detail of a missing one is the line that installs it."""
    yield Check("everything", "Python", True, platform.python_version())
    for extra, (purpose, modules) in _EXTRAS.items():
        found = all(find_spec(module) for module in modules)
        yield Check(purpose, f"extra '{extra}'", found, "" if found else install_line(extra))
    try:
        yield Check("verify without --corpus", "recordings", True, str(installed_corpus()))
    except MissingToolError as error:
        yield Check("verify without --corpus", "recordings", False, error.hint)
