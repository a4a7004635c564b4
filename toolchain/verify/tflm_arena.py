"""What TFLite Micro needs for the same backbone: the memory a streaming engine does without.

The figures are measured once and kept in ``tflm_arena.json``, for they depend on the architecture and the number of
frames only. ``python -m toolchain.verify.tflm_arena`` measures the bundled students again; it needs the extras
``tflm`` and ``convert``.
"""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from toolchain.files import write_atomically
from toolchain.model_names import MODELS, SAMPLE_RATE
from toolchain.quantize.folder import StudentFolder
from toolchain.quantize.student_file import load_student
from toolchain.quantize.tflm import minimum_arena_bytes
from toolchain.resources import student_dir

_MEASURED = Path(__file__).with_name("tflm_arena.json")

#: The paper's clip length.
SECONDS = 5


def tflm_arena(model: str) -> dict[str, Any]:
    """The smallest tensor arena that TFLite Micro runs the int8 backbone of ``model`` in.

    Returns:
        ``bytes``, the ``seconds`` of audio, and ``tflite_micro``, the version it was measured with.
    """
    measured: dict[str, dict[str, Any]] = json.loads(_MEASURED.read_text(encoding="utf-8"))
    return measured[model]


def measure(folder: StudentFolder) -> dict[str, Any]:
    """Measure one student; the result is as `tflm_arena` returns it.

    Raises:
        MissingToolError: if the extra ``tflm`` or ``convert`` is not installed.
        UsageError: if the folder holds no student.
        BuildError: if TFLite Micro does not accept the backbone.
    """
    frames = load_student(folder.quantized).frames(SECONDS * SAMPLE_RATE)
    return {
        "bytes": minimum_arena_bytes(folder.backbone.read_bytes(), frames),
        "seconds": SECONDS,
        "tflite_micro": version("tflite-micro"),
    }


def main() -> None:
    """Measure the bundled students and keep the figures."""
    measured = {model: measure(StudentFolder(student_dir(model))) for model in MODELS}
    write_atomically(_MEASURED, json.dumps(measured, indent=2) + "\n")


if __name__ == "__main__":
    main()
