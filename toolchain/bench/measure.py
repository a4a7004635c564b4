"""One row: build one student for one target, and run it where the target can be run."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolchain.audio import Clip, Selection
from toolchain.bench.stages import count_stages, instructions_per_mac, require_whole
from toolchain.bench.table import Row, verified_by
from toolchain.build import BuildResult, build_firmware, identify
from toolchain.errors import DoesNotFitError, ParityError
from toolchain.quantize.student import QuantizedStudent
from toolchain.target import Target
from toolchain.verify import verify
from toolchain.verify.parity import FloatModel

#: Clips played in a simulator that executes a hundredth of what QEMU does in the same time.
_CLIP_LIMITS = {"labwired": 1}

#: Clips of which the instructions are counted by stage: they differ by less than one in ten thousand.
_PROFILED_CLIPS = 3

#: Below the folder of a build: the image that counts its ticks by layer.
_PROFILED_FOLDER = "profiled"

_MAC_DIGITS = 4


@dataclass(frozen=True)
class Contestant:
    """A student, and the float model it was made from."""

    quantized: QuantizedStudent
    float_student: FloatModel


@dataclass(frozen=True)
class Pair:
    """One student for one target, and the clips that are played to it."""

    target: Target
    contestant: Contestant
    selection: Selection

    @property
    def model(self) -> str:
        """Name of the student's model."""
        return self.contestant.quantized.model

    @property
    def key(self) -> tuple[str, str]:
        """Target and model, as `Row.key`."""
        return self.target.name, self.model

    def identity(self) -> dict[str, str | None]:
        """The fields of a `Row` that say what is measured.

        Raises:
            MissingToolError: if the target's compiler, which takes part in the build id, is not installed.
        """
        quantized, clips = self.contestant.quantized, self.selection.clips
        return {
            "target": self.target.name,
            "model": self.model,
            "kernel": self.target.kernel,
            "build_id": identify(quantized, self.target).hex(),
            "target_sha256": hashlib.sha256(self.target.model_dump_json().encode()).hexdigest(),
            "student": quantized.digest().hex(),
            "audio": audio_digest(clips) if clips else None,
        }


def choose_pairs(
    targets: Iterable[Target], contestants: Sequence[Contestant], selection: Selection
) -> list[Pair]:
    """All targets with all contestants, each with as many of the clips as its emulator can be given."""
    return [
        Pair(target, contestant, Selection(selection.clips[: _clip_limit(target)], ()))
        for target in targets
        for contestant in contestants
    ]


def audio_digest(clips: Iterable[Clip]) -> str:
    """SHA-256 over the hashes of the clips, in order."""
    return hashlib.sha256("".join(clip.sha256 for clip in clips).encode()).hexdigest()


def measure(pair: Pair, folder: Path, progress: Callable[[str], None]) -> Row:
    """Build a pair in ``folder`` and play its clips to it.

    Args:
        pair: what to measure.
        folder: by custom ``build/<target>/<model>``.
        progress: called with what is being done, before each source and after each clip.

    Raises:
        MissingToolError: if the compiler or the emulator is not installed.
        BuildError: if the image cannot be made for another reason than its size.
        FlashError, LinkError: if the emulator does not run it.
        ParityError: if a board whose output is wrong gives rows of the wrong shape, or the stages are not the whole.
    """
    quantized = pair.contestant.quantized
    identity = pair.identity()
    try:
        build = build_firmware(quantized, pair.target, folder, progress=lambda source: progress(f"compiling {source}"))
    except DoesNotFitError as error:
        return _too_large(pair, identity, error.message)
    if pair.target.budget.flash_bytes and pair.model not in pair.target.budget.flash_bytes:
        return _too_large(pair, identity, f"{pair.target.name} has no budget for {pair.model}")
    return Row.model_validate({**identity, **_sizes(build), **_execution(pair, build, progress)})


def require_equality(row: Row) -> None:
    """Be satisfied, or say that a target's results are wrong.

    Raises:
        ParityError: if a clip differs from the integer reference.
    """
    if row.equal_clips != row.clips:
        raise ParityError(
            f"{row.clips - row.equal_clips} of {row.clips} clips differ from the integer reference",
            f"run 'toolchain run --target {row.target} --model {row.model}' to see where",
        )


def _clip_limit(target: Target) -> int | None:
    """How many clips a target is given: none if it cannot be run, None for all."""
    return 0 if target.emulator is None else _CLIP_LIMITS.get(target.emulator.kind)


def _too_large(pair: Pair, identity: dict[str, str | None], reason: str) -> Row:
    return Row.model_validate({**identity, "verified": "does-not-fit", "clips": 0, "equal_clips": 0, "reason": reason})


def _sizes(build: BuildResult) -> dict[str, int]:
    return {
        "flash_bytes": build.sizes.flash_bytes,
        "ram_static_bytes": build.sizes.ram_static_bytes,
        "image_bytes": build.image.stat().st_size,
    }


def _execution(pair: Pair, build: BuildResult, progress: Callable[[str], None]) -> dict[str, Any]:
    """Run the clips; of a target without an emulator only its twin is known."""
    verified = verified_by(pair.target)
    if pair.target.emulator is None:
        return {"verified": verified, "twin": pair.target.twin, "clips": 0, "equal_clips": 0}
    report = verify(
        target=pair.target,
        build=build,
        student=pair.contestant.quantized,
        float_student=pair.contestant.float_student,
        selection=pair.selection,
        hashes={},
        progress=lambda clip: progress(f"played {clip.name}"),
    )
    figures = ("clips", "equal_clips", "ram_stack_bytes", "instructions_per_second_of_audio")
    return {
        "verified": verified,
        **{name: report[name] for name in figures},
        **_stages(pair, build, report["instructions_per_second_of_audio"], progress),
    }


def _stages(
    pair: Pair, build: BuildResult, instructions: int | None, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Where the instructions go, on a target that counts them."""
    if instructions is None:
        return {}
    student, clips = pair.contestant.quantized, pair.selection.clips[:_PROFILED_CLIPS]
    stages = count_stages(pair.target, student, clips, build.folder / _PROFILED_FOLDER, progress)
    if stages is None:
        return {}
    require_whole(stages, instructions)
    per_mac = instructions_per_mac(student, stages, len(clips[0].pcm))
    return {"stages": stages, "instructions_per_mac": round(per_mac, _MAC_DIGITS)}
