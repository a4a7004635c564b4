"""Run clips on a board and compare: integers with the reference for equality, values with the float student."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from toolchain.audio import Clip
from toolchain.errors import ParityError
from toolchain.link import Board, WindowNormaliser
from toolchain.model_names import Normalisation
from toolchain.quantize.student import QuantizedStudent
from toolchain.reference.engine import Trace, run
from toolchain.reference.running import RunningEstimate

Triple = tuple[int, int, int]

#: The float student: PCM16 of one window in, float32 (3,) out.
FloatModel = Callable[[NDArray[np.int16]], NDArray[np.float32]]

_ON_BOARD = {Normalisation.TWO_PASS: WindowNormaliser.WINDOW, Normalisation.RUNNING: WindowNormaliser.RUNNING}


@dataclass(frozen=True)
class ClipResult:
    """One clip's outputs, each arousal, dominance, valence.

    Attributes:
        name: recording, relative to the corpus.
        start: first sample of the window in it, at 16 kHz.
        samples: length of the window.
        sha256: hash of its samples.
        board: what the board answered, Q16.
        reference: what the integer reference gives, Q16.
        float_student: what the float student gives.
        ticks: what the engine took, in ticks of the board's counter.
        run: which run measured it, from 1; an interrupted one is followed by the next.
    """

    name: str
    start: int
    samples: int
    sha256: str
    board: Triple
    reference: Triple
    float_student: tuple[float, float, float]
    ticks: int
    run: int = 1

    @property
    def equal(self) -> bool:
        """True if all three outputs equal the reference's."""
        return self.board == self.reference


@dataclass(frozen=True)
class Difference:
    """The first place where a board left the reference: one number in one row of one layer of one clip."""

    clip: str
    layer: str
    row: int
    index: int
    board: int
    reference: int


@dataclass(frozen=True)
class Measured:
    """One clip's result, and where it left the reference if it is the first that did."""

    result: ClipResult
    difference: Difference | None = None


class KeptClips(Protocol):
    """What knows the clips that an interrupted run has measured, and is told of every new one."""

    @property
    def run(self) -> int:
        """This run's number, from 1."""
        ...

    def take(self, clip: Clip) -> Measured | None:
        """What is known of a clip, once for each time that it was measured."""
        ...

    def keep(self, measured: Measured) -> None:
        """Keep a clip that this run has measured."""
        ...


class NoKeptClips:
    """None: those of a run that cannot be resumed."""

    run = 1

    def take(self, clip: Clip) -> Measured | None:
        """Nothing."""
        return None

    def keep(self, measured: Measured) -> None:
        """Keep nothing."""


@dataclass(frozen=True)
class Parity:
    """All clips' results, where the first wrong one went wrong, and the number of the run that ended with them."""

    clips: tuple[ClipResult, ...]
    first_difference: Difference | None
    run: int = 1

    @property
    def resumed_clips(self) -> int:
        """Number of clips that earlier, interrupted runs have measured."""
        return sum(clip.run < self.run for clip in self.clips)

    @property
    def equal_clips(self) -> int:
        """Number of clips whose three outputs all equal the reference's."""
        return sum(clip.equal for clip in self.clips)


def compare(
    board: Board,
    student: QuantizedStudent,
    float_student: FloatModel,
    clips: Sequence[Clip],
    progress: Callable[[ClipResult], None] = lambda result: None,
    normalisation: Normalisation = Normalisation.TWO_PASS,
    kept: KeptClips | None = None,
) -> Parity:
    """Stream every clip to the board and compare its answers; those that an interrupted run measured are not run again.

    Args:
        board: runs ``student``.
        student: what the integer reference runs.
        float_student: the float model ``student`` was made from.
        clips: at least one.
        progress: called after each clip.
        normalisation: of board and reference; a running estimate has heard nothing before each clip. The float
            student always normalises over the clip.
        kept: what an interrupted run has measured; None if this one starts anew and cannot be resumed.

    Raises:
        LinkError: if the board stops answering.
        UsageError: if a clip is shorter or longer than the model takes.
    """
    kept = kept or NoKeptClips()
    results: list[ClipResult] = []
    difference: Difference | None = None
    for clip in clips:
        measured = kept.take(clip)
        # A clip that differed may have been the second then, and its layers not compared; it may be the first now.
        if measured is None or (difference is None and measured.difference is None and not measured.result.equal):
            trace = run(student, clip.pcm, RunningEstimate() if normalisation == Normalisation.RUNNING else None)
            result = _measure(board, float_student, clip, trace, _ON_BOARD[normalisation], kept.run)
            place = None
            if not result.equal and difference is None:
                place = first_difference(board, student, clip, trace, normalisation) or _wrong_output(result)
            measured = Measured(result, place)
            kept.keep(measured)
        difference = difference or measured.difference
        results.append(measured.result)
        progress(measured.result)
    return Parity(tuple(results), difference, kept.run)


def first_difference(
    board: Board,
    student: QuantizedStudent,
    clip: Clip,
    trace: Trace,
    normalisation: Normalisation = Normalisation.TWO_PASS,
) -> Difference | None:
    """Ask the board for the rows of one layer after the other, until one differs from the reference.

    Returns:
        None if all layers are equal.

    Raises:
        LinkError: if the board stops answering.
        ParityError: if it gives more or fewer rows than the reference.
    """
    for number, layer in enumerate(student.layer_names):
        expected = trace.rows[layer].reshape(len(trace.rows[layer]), -1)
        actual = board.tap(number, clip.pcm, _ON_BOARD[normalisation]).view(expected.dtype)
        if actual.shape != expected.shape:
            shapes = f"{actual.shape} instead of {expected.shape}"
            raise ParityError(f"{clip.name}: the board's rows of layer '{layer}' have the shape {shapes}")
        if not np.array_equal(actual, expected):
            row, index = (int(place) for place in np.argwhere(actual != expected)[0])
            return Difference(clip.name, layer, row, index, int(actual[row, index]), int(expected[row, index]))
    return None


def _wrong_output(result: ClipResult) -> Difference:
    index = next(i for i in range(3) if result.board[i] != result.reference[i])
    return Difference(result.name, "output", 0, index, result.board[index], result.reference[index])


def _measure(
    board: Board, float_student: FloatModel, clip: Clip, trace: Trace, normaliser: WindowNormaliser, number: int
) -> ClipResult:
    answer = board.infer(clip.pcm, normaliser=normaliser, exact_ticks=True)
    arousal, dominance, valence = (float(value) for value in float_student(clip.pcm))
    return ClipResult(
        name=clip.name,
        start=clip.start,
        samples=len(clip.pcm),
        sha256=clip.sha256,
        board=_triple(answer.values),
        reference=_triple(trace.output),
        float_student=(arousal, dominance, valence),
        ticks=answer.ticks,
        run=number,
    )


def _triple(values: NDArray[np.int32]) -> Triple:
    arousal, dominance, valence = (int(value) for value in values)
    return arousal, dominance, valence
