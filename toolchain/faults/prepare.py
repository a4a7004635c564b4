"""What a run of faults is about: the image, the clip, and the session that they make."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toolchain.build import BuildResult, build_firmware
from toolchain.faults.boards import board_of, is_process
from toolchain.faults.cases import Plan
from toolchain.faults.fault import Direction
from toolchain.faults.report import TargetResult
from toolchain.faults.session import Passed, Task, undamaged
from toolchain.link.board import DEFAULT_TIMEOUT
from toolchain.quantize.student import QuantizedStudent
from toolchain.reference.engine import run
from toolchain.target import Target

#: The clip: 31 ms of noise, which is four AUDIO frames, more than a board takes at once.
CLIP_SAMPLES = 500
_CLIP_AMPLITUDE = 3000

#: Images that are tried are built here, under --out.
FOLDER = "faults"

#: Seconds after which a session counts as hung: the link gives up after one timeout without progress.
LIMIT_TIMEOUTS = 2

#: Undamaged sessions, at the most, until one in which nothing was repeated: on a busy computer answers are late, and a
#: fault in a frame that was only sent for that would not happen again.
_MEASUREMENTS = 50

#: A finding of either sanitizer ends the process.
SANITIZERS = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def sanitized(target: Target) -> Target:
    """The target with the address and undefined-behaviour sanitizers in its firmware."""
    return target.model_copy(
        update={"compiler": target.compiler.model_copy(update={"flags": [*target.compiler.flags, *SANITIZERS]})}
    )


def build_for_faults(
    student: QuantizedStudent, target: Target, out: Path, progress: Callable[[str], None] = lambda source: None
) -> BuildResult:
    """Build the image that is tried: with the sanitizers where they can be had.

    Raises:
        MissingToolError: if the compiler is not installed.
        BuildError: if it does not compile.
    """
    watched = sanitized(target) if is_process(target) else target
    return build_firmware(student, watched, out / FOLDER / target.name / student.model, progress)


def make_task(student: QuantizedStudent, target: Target, build: BuildResult) -> Task:
    """What every session does, and what the integer reference says its answer is."""
    pcm = _clip()
    return Task(
        target=target,
        elf=build.elf,
        build_id=build.build_id,
        model_hash=build.model_hash,
        pcm=pcm,
        values=run(student, pcm).output,
        timeout=DEFAULT_TIMEOUT,
        limit=LIMIT_TIMEOUTS * DEFAULT_TIMEOUT,
    )


def measure_session(task: Task, seed: int) -> Passed:
    """What an undamaged session puts on the line.

    Raises:
        UsageError: if the target has no emulator that can be reset at will.
        FlashError: if the board cannot be started.
        MissingToolError: if its emulator is not installed.
        LinkError: if the board does not give the right answer over an undamaged line.
    """
    found = []
    for _ in range(_MEASUREMENTS):
        with board_of(task.target, task.elf) as board:  # anew: the same numbers are those of a window it would know
            passed, repeats = undamaged(board, task, random.Random(f"{seed} undamaged").randbytes)
        if repeats == 0:
            return passed
        found.append(passed)
    return min(found, key=lambda passed: sum(passed.bytes.values()))


def empty_result(student: QuantizedStudent, task: Task, plan: Plan) -> TargetResult:
    """A result that says what is to be done, and that nothing is."""
    return TargetResult(
        target=task.target.name,
        model=student.model,
        build_id=task.build_id.hex(),
        model_hash=task.model_hash.hex(),
        sanitizers=is_process(task.target),
        seed=plan.seed,
        share=plan.share,
        random_sessions=plan.random_sessions,
        samples=len(task.pcm),
        bytes={way.value: plan.passed.bytes[way] for way in Direction},
        frames={way.value: len(plan.passed.frames[way]) for way in Direction},
        timeout_seconds=task.timeout,
        limit_seconds=task.limit,
    )


def _clip() -> NDArray[np.int16]:
    noise = np.random.default_rng(0).normal(size=CLIP_SAMPLES)
    clip: NDArray[np.int16] = (noise * _CLIP_AMPLITUDE).astype(np.int16)
    return clip
