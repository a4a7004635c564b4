"""A generated kernel as a program that runs single steps of it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.codegen.program import Program
from toolchain.codegen.engine import generate_engine
from toolchain.codegen.kernels import KERNELS
from toolchain.quantize.student import CHANNELS, POOL_AFTER, TRUNK, ConvLayer, QuantizedStudent
from toolchain.reference.backbone import convolve
from toolchain.target.schema import KernelName

_HERE = Path(__file__).parent
_SOURCES = ["w2s_kernel.c", "w2s_tables.c"]

Fill = Callable[[tuple[int, int, int]], np.ndarray]


class KernelProgram:
    """One kernel with the layers of one student (17k)."""

    def __init__(self, student: QuantizedStudent, kernel: KernelName, folder: Path) -> None:
        self.student = student
        self.rows_at_once = KERNELS[kernel].rows_at_once
        for name, text in generate_engine(student, kernel).items():
            (folder / name).write_text(text)
        self._program = Program([_HERE / "kernel_driver.c", *(folder / name for name in _SOURCES)], kernel, folder)

    def run(self, steps: list[tuple[int, np.ndarray]]) -> list[np.ndarray]:
        """Return what each step makes, of the number of its layer and its input rows without padding."""
        layers = self.student.backbone.layers
        inputs = [bytes([number]) + self._padded(layers[number], rows) for number, rows in steps]
        done = self._program.run(b"".join(inputs))
        made = [np.zeros((self._made(layers[number]), rows.shape[1], CHANNELS), np.int8) for number, rows in steps]
        flat = np.frombuffer(done.stdout, np.int8)
        assert len(flat) == sum(rows.size for rows in made)
        ends = np.cumsum([rows.size for rows in made])
        return [part.reshape(rows.shape) for part, rows in zip(np.split(flat, ends[:-1]), made, strict=True)]

    def expected(self, steps: list[tuple[int, np.ndarray]]) -> list[np.ndarray]:
        """Return what the reference makes of the same."""
        layers = self.student.backbone.layers
        margin = [layers[number].weight.shape[1] // 2 for number, _ in steps]
        return [
            convolve(rows, layers[number])[cut : len(rows) - cut]
            for (number, rows), cut in zip(steps, margin, strict=True)
        ]

    def steps(self, fill: Fill) -> list[tuple[int, np.ndarray]]:
        """One step of every layer, with input rows made by ``fill`` of their shape (rows, bands, channels)."""
        before_pool = TRUNK.index(POOL_AFTER)
        return [
            (number, fill((self._read(layer), 26 if number <= before_pool else 13, layer.weight.shape[3])))
            for number, layer in enumerate(self.student.backbone.layers)
        ]

    def _made(self, layer: ConvLayer) -> int:
        return self.rows_at_once if layer.weight.shape[1] == 3 else 1

    def _read(self, layer: ConvLayer) -> int:
        return self._made(layer) + layer.weight.shape[1] - 1

    @staticmethod
    def _padded(layer: ConvLayer, rows: np.ndarray) -> bytes:
        width = layer.weight.shape[1] // 2
        padding = ((0, 0), (width, width), (0, 0))
        return np.pad(rows, padding, constant_values=layer.input.zero_point).tobytes()
