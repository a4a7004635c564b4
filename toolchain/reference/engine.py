"""The whole deployed pipeline on one window of PCM16, with every layer's rows kept for comparison."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolchain.audio.statistics import WindowStatistics
from toolchain.errors import UsageError
from toolchain.quantize.student import QuantizedStudent
from toolchain.reference.backbone import run_backbone
from toolchain.reference.frontend import logmel, normalised_logmel
from toolchain.reference.head import attention_pool, linear, values_and_logits
from toolchain.reference.running import RunningEstimate, running_normaliser

#: Longest window in samples (17 minutes): keeps the pooling sums within 64 bits.
MAXIMUM_SAMPLES = 1 << 24


@dataclass(frozen=True)
class Trace:
    """One window's result.

    Attributes:
        output: int32 (3,): arousal, dominance, valence in Q16 (65536 is 1.0).
        rows: int8 rows of every layer by name, ``(rows, ...)``; "pooled" is int32 ``(1, 169)``.
    """

    output: NDArray[np.int32]
    rows: dict[str, NDArray[np.int8] | NDArray[np.int32]]

    @property
    def values(self) -> NDArray[np.float64]:
        """The outputs as real numbers."""
        return self.output / 65536.0


def require_length(student: QuantizedStudent, samples: int) -> None:
    """Be satisfied with the length of a window.

    Raises:
        UsageError: if it is shorter than one frame or longer than `MAXIMUM_SAMPLES`.
    """
    if not student.minimum_samples <= samples <= MAXIMUM_SAMPLES:
        raise UsageError(
            f"a window of {samples} samples cannot be used: {student.model} takes "
            f"{student.minimum_samples} to {MAXIMUM_SAMPLES} samples"
        )


def run(
    student: QuantizedStudent, pcm: NDArray[np.int16], running: RunningEstimate | None = None
) -> Trace:
    """Run the deployed integers on one window.

    Args:
        student: the deployed model.
        pcm: int16 (N,), 16 kHz mono.
        running: normalises the window, and has heard it afterwards; None normalises it over itself (two-pass).

    Raises:
        UsageError: if the window is shorter than one frame or longer than `MAXIMUM_SAMPLES`.
    """
    require_length(student, len(pcm))
    front_end = student.front_end
    if running is None:
        image = logmel(pcm, WindowStatistics.of(pcm), front_end)
    else:
        image = normalised_logmel(pcm, running_normaliser(running, pcm, front_end), front_end)
    backbone_rows = run_backbone(image, student.backbone)
    pooled = attention_pool(*values_and_logits(backbone_rows, student.head), student.head)
    return Trace(
        output=linear(pooled, student.head),
        rows={"logmel": image, **backbone_rows, "pooled": pooled.astype(np.int32)[np.newaxis]},
    )


def run_stream(student: QuantizedStudent, pcm: NDArray[np.int16], window: int) -> Iterator[Trace]:
    """Run a stream whose windows follow one another without a gap, normalised by one running estimate.

    Args:
        student: the deployed model.
        pcm: int16 (N,), 16 kHz mono; what does not fill a window at its end gives no result.
        window: samples of each window.

    Raises:
        UsageError: as `run`.
    """
    running = RunningEstimate()
    for start in range(0, len(pcm) - window + 1, window):
        yield run(student, pcm[start : start + window], running)
