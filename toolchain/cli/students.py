"""Which student a command is about: a bundled one by name, or a user's own by folder."""

import difflib
from dataclasses import dataclass
from pathlib import Path

from toolchain.errors import UsageError
from toolchain.files import sha256_file
from toolchain.model_names import MODELS, OTHER_STUDENTS
from toolchain.quantize.folder import ONNX, QUANTIZED, SIGNATURE, StudentFolder
from toolchain.quantize.student import QuantizedStudent
from toolchain.quantize.student_file import load_student
from toolchain.resources import student_dir


@dataclass(frozen=True)
class Student:
    """A student ready to be built, and the folder it comes from."""

    quantized: QuantizedStudent
    folder: StudentFolder

    def hashes(self) -> dict[str, str]:
        """SHA-256 of the files a verification reads, by name."""
        return {QUANTIZED: sha256_file(self.folder.quantized), ONNX: sha256_file(self.folder.onnx)}


def open_student(model: str | None, folder: Path | None) -> Student:
    """Load a user's student from ``folder``, or else the bundled one called ``model``.

    Raises:
        UsageError: if there is no such student, or ``folder`` holds another model than ``model``.
    """
    if folder is None:
        return _load(student_dir(_bundled(model or MODELS[0])))
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", "make a student with 'toolchain quantize'")
    student = _load(folder)
    if model not in (None, student.quantized.model):
        raise UsageError(f"{folder} holds a {student.quantized.model}, not a {model}")
    return student


def _bundled(model: str) -> str:
    if model in OTHER_STUDENTS:
        raise UsageError(f"{model} does not reach a board", f"bundled models: {', '.join(MODELS)}")
    if model not in MODELS:
        nearest = difflib.get_close_matches(model, MODELS, n=1, cutoff=0.3)
        hint = f"did you mean '{nearest[0]}'?" if nearest else f"bundled models: {', '.join(MODELS)}"
        raise UsageError(f"there is no model '{model}'", hint)
    return model


def _load(path: Path) -> Student:
    folder = StudentFolder(path)
    if not folder.quantized.is_file():
        raise UsageError(f"{path} holds no quantised student ({QUANTIZED})", "make one with 'toolchain quantize'")
    student = Student(load_student(folder.quantized), folder)
    if (path / SIGNATURE).exists():
        from toolchain.signing import check_student

        check_student(path)
    return student
