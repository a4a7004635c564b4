"""Optional packages, imported where they are used, with the line that installs them."""

import importlib
from types import ModuleType

from toolchain.errors import MissingToolError

#: onnx2tf 2.6.9 declares Python >= 3.12 and pins its own test tools; it runs on 3.11 without either.
_ONNX2TF = "pip install --no-deps --ignore-requires-python onnx2tf==2.6.9"


def install_line(extra: str) -> str:
    """Return the shell line that installs ``extra``, one of the extras of ``pyproject.toml``."""
    line = f'pip install "wav2small-toolchain[{extra}]"'
    return f"{line} && {_ONNX2TF}" if extra == "convert" else line


def require(module: str, extra: str) -> ModuleType:
    """Import ``module``, which is installed with ``extra``.

    Raises:
        MissingToolError: The module, or one it imports, is not installed; the hint has the line to run.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingToolError(
            f"the Python package {error.name} is not installed; it comes with the extra '{extra}'",
            f"run: {install_line(extra)}",
        ) from error
