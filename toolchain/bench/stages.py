"""Where a student's instructions go: its stages, the multiply-accumulates of each, and what each took on a board."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from toolchain.audio import Clip
from toolchain.build import build_firmware
from toolchain.errors import DoesNotFitError, ParityError
from toolchain.flash import open_board
from toolchain.link import Board
from toolchain.model_names import SAMPLE_RATE
from toolchain.quantize.student import MEL_BANDS, POOL_AFTER, POOLED_BANDS, TRUNK, QuantizedStudent
from toolchain.target import Target

#: Part of a second's instructions by which the stages' sum may differ from the whole.
TOLERANCE = 0.02

POOL = "pool"
HEAD = "head"
_OUTPUTS = "outputs"

#: The engine's own names of the first and the last layer that a board can be asked about.
_STAGE_OF_LAYER = {"logmel": "front end", "pooled": HEAD}


def stage_of(layer: str) -> str:
    """The stage that one of a student's ``layer_names`` belongs to.

    These are "front end", the trunk's layers under their own names, "outputs" (the 1x1 convolutions) and "head".
    """
    return layer if layer in (*TRUNK, POOL) else _STAGE_OF_LAYER.get(layer, _OUTPUTS)


def by_stage(student: QuantizedStudent, layers: Iterable[float]) -> dict[str, float]:
    """Add up one figure for each of the student's ``layer_names`` by stage, in the order of the data's way."""
    sums: dict[str, float] = {}
    for name, figure in zip(student.layer_names, layers, strict=True):
        sums[stage_of(name)] = sums.get(stage_of(name), 0) + figure
    return sums


def macs_by_stage(student: QuantizedStudent, samples: int) -> dict[str, int]:
    """Multiply-accumulates of the network as it is defined, for one window of so many samples.

    Every tap of every convolution counts, padding included, whatever a kernel makes of it; of the head, only the
    projections of the 72k's tokens do. Front end, pool, softmax and the last linear layer, once per window, do not.

    Returns:
        Stages that have some.
    """
    rows = student.frames(samples)
    bands = MEL_BANDS
    macs: dict[str, int] = {}
    for layer in student.backbone.layers:
        stage = stage_of(layer.name)
        macs[stage] = macs.get(stage, 0) + rows * bands * layer.weight.size
        if layer.name == POOL_AFTER:
            rows, bands = (rows + 1) // 2, POOLED_BANDS
    projections = (student.head.value_projection, student.head.logit_projection)
    tokens = sum(rows * projection.weight.size for projection in projections if projection is not None)
    return {**macs, HEAD: tokens} if tokens else macs


def instructions_per_mac(student: QuantizedStudent, stages: Mapping[str, float], samples: int) -> float:
    """Instructions of the backbone for each of its multiply-accumulates.

    Convolutions and pool count; of the 72k, so does the head, which has a fifth of the multiply-accumulates.

    Args:
        student: whose network it is.
        stages: instructions per second of audio by stage.
        samples: of the windows in which they were counted.
    """
    macs = macs_by_stage(student, samples)
    per_second = sum(stages[stage] for stage in {*macs, POOL})
    return per_second * samples / SAMPLE_RATE / sum(macs.values())


def count_stages(
    target: Target,
    student: QuantizedStudent,
    clips: Sequence[Clip],
    folder: Path,
    progress: Callable[[str], None] = lambda what: None,
) -> dict[str, int] | None:
    """Build an image that counts its ticks by layer, and play clips to it.

    Args:
        target: an emulated board that counts instructions.
        student: the deployed model.
        clips: what is played.
        folder: where the image is built.
        progress: called with what is being done.

    Returns:
        Instructions per second of audio by stage; None if the image does not fit because of its counters.

    Raises:
        BuildError, FlashError, LinkError: if the image is not made, does not run or does not answer.
    """
    assert target.emulator is not None and target.emulator.ticks_per_instruction is not None
    try:
        build = build_firmware(student, target, folder, lambda source: progress(f"compiling {source}"), profiled=True)
    except DoesNotFitError:
        return None
    ticks = [0] * len(student.layer_names)
    with open_board(target, build.elf) as url, Board(url, baud=target.baud) as board:
        board.require(build_id=build.build_id, model_hash=build.model_hash)
        for clip in clips:
            board.infer(clip.pcm, exact_ticks=True)
            ticks = [sum(pair) for pair in zip(ticks, board.profile(), strict=True)]
            progress(f"profiled {clip.name}")
    seconds = sum(len(clip.pcm) for clip in clips) / SAMPLE_RATE
    per_second = target.emulator.ticks_per_instruction * seconds
    return {stage: round(total / per_second) for stage, total in by_stage(student, ticks).items()}


def require_whole(stages: Mapping[str, int], instructions: int) -> None:
    """Be satisfied, or say that the stages are not those of the image that was measured.

    Args:
        stages: instructions per second of audio by stage, counted in an image of its own.
        instructions: the same for the whole engine, counted in the image that is deployed.

    Raises:
        ParityError: if the sum differs by more than `TOLERANCE`.
    """
    total = sum(stages.values())
    if abs(total - instructions) > TOLERANCE * instructions:
        raise ParityError(
            f"the stages take {total:,} instructions per second of audio, the whole engine {instructions:,}",
            "something else ran while they were counted; measure again",
        )
