"""A board that answers from the integer reference, with a fault where a test wants one."""

from collections.abc import Callable

import numpy as np

from toolchain.link import BoardResult, WindowNormaliser
from toolchain.quantize.student import QuantizedStudent
from toolchain.reference.engine import Trace, run
from toolchain.reference.running import RunningEstimate


class FakeBoard:
    """Speaks like `toolchain.link.Board`; ``fault`` may change what the reference gives."""

    def __init__(self, student: QuantizedStudent, fault: Callable[[Trace], None] = lambda trace: None) -> None:
        self._student, self._fault = student, fault

    def infer(
        self, pcm, statistics=None, *, normaliser=WindowNormaliser.WINDOW, exact_ticks=False
    ) -> BoardResult:
        return BoardResult(self._trace(pcm, normaliser).output, ticks=256 * len(pcm))

    def tap(self, layer, pcm, normaliser=WindowNormaliser.WINDOW) -> np.ndarray:
        rows = self._trace(pcm, normaliser).rows[self._student.layer_names[layer]]
        return np.ascontiguousarray(rows).reshape(len(rows), -1).view(np.int8)

    def _trace(self, pcm, normaliser) -> Trace:
        running = RunningEstimate() if normaliser == WindowNormaliser.RUNNING else None
        trace = run(self._student, pcm, running)
        self._fault(trace)
        return trace
