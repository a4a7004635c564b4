"""What a soak is about: the image, short clips of real speech, and what the integer reference makes of each."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toolchain.audio import select_clips
from toolchain.audio.calibration import calibration_folder
from toolchain.build import BuildResult
from toolchain.link.board import DEFAULT_TIMEOUT
from toolchain.quantize.student import QuantizedStudent
from toolchain.reference.engine import run
from toolchain.soak.report import Row
from toolchain.target import Target

#: PCM16 at 16 kHz, int16 (N,) each.
Clips = tuple[NDArray[np.int16], ...]

#: How many different clips there are.
DISTINCT = 8

#: Batches that a run has: what an interruption can lose is one of them.
_BATCHES = 100


@dataclass(frozen=True)
class Task:
    """What one board runs. It can be sent to another process.

    Attributes:
        target: the board.
        elf: its image.
        build_id: what the board's hello must carry.
        model_hash: likewise.
        image_crc: what the board's HEALTH must say; None where it does not check its image.
        clips: int16 (N,) each.
        values: int32 (3,) each: what the integer reference makes of them.
        seed: of the order of the clips.
        wanted: how many clips are run.
        timeout: seconds without progress after which the link gives up.
    """

    target: Target
    elf: Path
    build_id: bytes
    model_hash: bytes
    image_crc: int | None
    clips: Clips
    values: tuple[NDArray[np.int32], ...]
    seed: int
    wanted: int
    timeout: float = DEFAULT_TIMEOUT

    @property
    def batch(self) -> int:
        """Clips in a batch."""
        return math.ceil(self.wanted / _BATCHES)

    def order(self, start: int) -> Iterator[int]:
        """Indices of the clips from the one numbered ``start`` on, without an end: all, shuffled, again and again."""
        count = len(self.clips)
        for cycle in range(start // count, 2**63):
            indices = list(range(count))
            random.Random(f"{self.seed} {cycle}").shuffle(indices)
            yield from indices[start % count if cycle == start // count else 0 :]


def speech(seconds: float) -> Clips:
    """The loudest ``seconds`` of `DISTINCT` embedded recordings.

    Raises:
        UsageError: if they are shorter than that.
    """
    return tuple(clip.pcm for clip in select_clips(calibration_folder(), DISTINCT, seconds).clips)


def make_task(
    student: QuantizedStudent, target: Target, build: BuildResult, clips: Clips, **work: int
) -> Task:
    """What a board of this target runs.

    Args:
        student: the deployed model.
        target: the board.
        build: its image.
        clips: int16 (N,) each.
        work: ``seed`` and ``wanted`` of the task.
    """
    return Task(
        target=target,
        elf=build.elf,
        build_id=build.build_id,
        model_hash=build.model_hash,
        image_crc=build.image_crc,
        clips=clips,
        values=tuple(run(student, pcm).output for pcm in clips),
        **work,
    )


def empty_row(board: str, student: QuantizedStudent, task: Task, clip_seconds: float) -> Row:
    """A row that says what is to be run, and that nothing was."""
    emulator = task.target.emulator
    return Row(
        board=board,
        target=task.target.name,
        model=student.model,
        build_id=task.build_id.hex(),
        model_hash=task.model_hash.hex(),
        seed=task.seed,
        wanted=task.wanted,
        clip_seconds=clip_seconds,
        distinct=len(task.clips),
        ticks_per_instruction=emulator.ticks_per_instruction if emulator else None,
    )
