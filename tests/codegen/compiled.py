"""The generated engine as a program of this computer, with the sanitizers in it."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from toolchain.codegen.engine import ENGINE_FILES, generate_engine
from toolchain.quantize.student import QuantizedStudent

DRIVER = Path(__file__).parent / "engine_driver.c"
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]
SANITIZED = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

#: Forms of the engine's arithmetic that this computer can run: its own, and that of the smallest cores.
FORMS = {"wide": [], "narrow": ["-DW2S_NARROW_MULTIPLIER=1", "-DW2S_NO_COUNT=1"]}

_NO_LAYER = 255


class CompiledEngine:
    """The engine of one student as a host program, with the arithmetic of one of `FORMS`."""

    def __init__(self, student: QuantizedStudent, folder: Path, form: str = "wide") -> None:
        for name, text in generate_engine(student).items():
            (folder / name).write_text(text)
        self.student = student
        self.program = folder / "engine"
        sources = [folder / name for name in ENGINE_FILES if name.endswith(".c")]
        flags = [*STRICT, *SANITIZED, *FORMS[form], f"-I{folder}"]
        subprocess.run(["gcc", *flags, "-o", self.program, DRIVER, *sources], check=True)

    def run(self, pcm: np.ndarray, layer: str | None = None, chunk: int = 320) -> tuple[np.ndarray, bytes]:
        """Return the three outputs of one window and the tapped layer's rows."""
        return self._call(pcm, self._layer(layer), chunk)

    def run_stream(
        self, pcm: np.ndarray, windows: Sequence[int], layer: str | None = None, chunk: int = 320
    ) -> tuple[np.ndarray, bytes]:
        """Return the outputs of windows that follow one another, (windows, 3), and all rows of the tapped layer."""
        outputs, rows = self._call(pcm, "running", self._layer(layer), chunk, *windows)
        return outputs.reshape(-1, 3), rows

    def _layer(self, layer: str | None) -> int:
        return _NO_LAYER if layer is None else self.student.layer_names.index(layer)

    def _call(self, pcm: np.ndarray, *arguments: object) -> tuple[np.ndarray, bytes]:
        done = subprocess.run(
            [self.program, *map(str, arguments)], input=pcm.astype("<i2").tobytes(), capture_output=True
        )
        assert done.returncode == 0, done.stderr[-400:]
        return np.frombuffer(done.stdout, np.int32), done.stderr
