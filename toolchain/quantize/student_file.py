"""`QuantizedStudent` as a file: arrays as safetensors, scalars as one JSON string in its metadata.

Nothing in such a file is executed, and everything in it is checked before it is used.
"""

import json
import types
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from toolchain.errors import UsageError
from toolchain.files import MOST_STUDENT, require_regular, write_atomically
from toolchain.quantize.student import QuantizedStudent, leaves
from toolchain.quantize.student_check import check_student

_FORMAT = "wav2small-quantized-student/1"


def save_student(student: QuantizedStudent, path: Path) -> None:
    """Write ``student`` to ``path``; the same student gives the same bytes."""
    flat = leaves(student)
    tensors = {name: np.ascontiguousarray(value) for name, value in flat if isinstance(value, np.ndarray)}
    scalars = {name: value for name, value in flat if not isinstance(value, np.ndarray)}
    header = json.dumps({"format": _FORMAT, "scalars": scalars}, sort_keys=True)
    write_atomically(path, save(tensors, metadata={"student": header}))


def load_student(path: Path) -> QuantizedStudent:
    """Read a file written by `save_student`.

    Raises:
        UsageError: if the file cannot be read, is not a quantised student, or breaks one of its invariants.
    """
    try:
        require_regular(path, MOST_STUDENT)
        with safe_open(path, framework="numpy") as archive:
            header = json.loads((archive.metadata() or {})["student"])
            leaf_values: dict[str, Any] = {name: archive.get_tensor(name) for name in archive.keys()}  # noqa: SIM118
        if header["format"] != _FORMAT:
            raise ValueError(f"its format is {header['format']!r}, not {_FORMAT!r}")
        leaf_values.update(header["scalars"])
        student = _Builder(leaf_values).build(QuantizedStudent, "")
        check_student(student)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"{path} is not a quantised student: {error}", "make one with 'toolchain quantize'"
        ) from error
    assert isinstance(student, QuantizedStudent)
    return student


class _Builder:
    """Rebuild nested dataclasses from ``dotted path -> value``, by their type annotations."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def build(self, kind: Any, path: str) -> Any:
        if isinstance(kind, types.UnionType):
            return self._optional(kind, path)
        if is_dataclass(kind):
            hints = get_type_hints(kind)
            return kind(**{f.name: self.build(hints[f.name], _join(path, f.name)) for f in fields(kind)})  # type: ignore[operator]
        if get_origin(kind) is tuple:
            return tuple(self.build(get_args(kind)[0], f"{path}.{index}") for index in self._indices(path))
        return self._leaf(kind, path)

    def _optional(self, kind: types.UnionType, path: str) -> Any:
        if path in self._values:  # stored as a scalar: None
            return self._leaf(type(None), path)
        return self.build(get_args(kind)[0], path)

    def _indices(self, path: str) -> range:
        depth = len(path) + 1
        found = {key[depth:].split(".")[0] for key in self._values if key.startswith(path + ".")}
        return range(len(found))

    def _leaf(self, kind: Any, path: str) -> Any:
        if path not in self._values:
            raise ValueError(f"'{path}' is missing")
        value = self._values[path]
        expected = np.ndarray if get_origin(kind) is np.ndarray else kind
        if type(value) is not expected:
            raise ValueError(f"'{path}' is not of type {expected.__name__}")
        return value


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
