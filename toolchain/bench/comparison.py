"""``comparison.json``: the same students by other means on the same boards, to hold a table's rows against."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from toolchain.audio import Selection
from toolchain.bench.bakenn_board import BakennImage
from toolchain.bench.bakenn_model import BakennModel, compile_model, equals_reference, with_one_output
from toolchain.bench.host import HostComparison
from toolchain.bench.measure import Pair, measure
from toolchain.bench.stages import HEAD, macs_by_stage
from toolchain.bench.table import Header
from toolchain.errors import DoesNotFitError
from toolchain.model_names import SAMPLE_RATE
from toolchain.records import Record, TableFile
from toolchain.reference.engine import run
from toolchain.resources import student_dir
from toolchain.target import Target

Engine = Literal["plain", "bakenn"]
_ENGINES: tuple[Engine, ...] = ("plain", "bakenn")

#: Cores for whose instructions bakenn has CMSIS-NN's kernels.
_BAKENN_CORES = ("cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55")
#: bakenn's C takes 2 % to 4 % fewer instructions so than with -O2.
_BAKENN_LEVEL = "-O3"
_LEVELS = ("-O2", "-Os", "-O1")

_CLIPS = 3
_MAC_DIGITS = 4


class Contender(Record):
    """One student on one target by other means than the target's own kernel.

    Attributes:
        engine: "plain": the generated engine with its kernel of plain C; "bakenn": the backbone alone, compiled by
            bakenn with CMSIS-NN for a window of fixed length.
        clips: played.
        equal_clips: of which the results equal the integer reference's.
        instructions_per_mac: of the backbone, as for `toolchain.bench.table.Row`.
        instructions_per_second_of_audio: of the whole engine; of bakenn's backbone.
        flash_bytes: of the image; of bakenn's without the clip in it.
        ram_bytes: variables and stack.
        reason: why it does not fit.
        build_id: of the image.
    """

    target: str
    model: str
    engine: Engine
    clips: int = 0
    equal_clips: int = 0
    instructions_per_mac: float | None = None
    instructions_per_second_of_audio: int | None = None
    flash_bytes: int | None = None
    ram_bytes: int | None = None
    reason: str | None = None
    build_id: str

    @property
    def key(self) -> tuple[str, str, Engine]:
        """Target, model and engine."""
        return self.target, self.model, self.engine


class Comparison(TableFile):
    """All contenders, and what they were made with.

    Attributes:
        header: clips, students, compilers and emulators.
        versions: of bakenn and the library in it.
        host: students on this computer beside other runtimes; their times were measured side by side.
    """

    COMMAND = "bench --compare"
    NAME = "comparison.json"

    header: Header
    versions: dict[str, str]
    contenders: tuple[Contender, ...]
    host: tuple[HostComparison, ...] = ()

    def of(self, target: str, model: str, engine: Engine) -> Contender | None:
        """The contender of one pair, or None if there is none."""
        return next((item for item in self.contenders if item.key == (target, model, engine)), None)

    def with_contender(self, contender: Contender) -> "Comparison":
        """The same comparison with one contender more, or another in the place of its like; sorted."""
        others = (item for item in self.contenders if item.key != contender.key)
        ordered = sorted((*others, contender), key=lambda item: (*item.key[:2], _ENGINES.index(item.engine)))
        return self.model_copy(update={"contenders": tuple(ordered)})


def compare(
    pairs: Sequence[Pair],
    header: Header,
    out: Path,
    *,
    path: Path | None = None,
    earlier: Comparison | None = None,
    progress: Callable[[str, str, str], None] = lambda target, model, what: None,
) -> Comparison:
    """Run every pair that counts instructions by the other means that there are for it.

    Args:
        pairs: bundled students on targets; those that count no instructions are left out.
        header: what is compared with.
        out: builds go to ``out/<target>/<model>``.
        path: the comparison is written there after every contender.
        earlier: a comparison to go on from; its contenders of the same images stay.
        progress: called with target, model and what is being done.

    Raises:
        ToolchainError: as `toolchain.bench.measure.measure`, or if bakenn is not installed.
    """
    done = Comparison(header=header, versions={}, contenders=())
    if earlier is not None:
        done = earlier.model_copy(update={"header": header})
    networks: dict[str, BakennModel] = {}
    for pair in pairs:
        if pair.target.emulator is None or pair.target.emulator.ticks_per_instruction is None:
            continue
        folder = out / pair.target.name / pair.model
        work: list[_Work] = [_PlainKernel(pair)]
        if pair.target.core in _BAKENN_CORES:
            network = networks.get(pair.model) or networks.setdefault(pair.model, _network(pair.model))
            done = done.model_copy(update={"versions": {**done.versions, **network.versions}})
            work.append(_Bakenn(pair, network))
        for item in work:
            kept = done.of(*pair.key, item.engine)
            if kept is None or kept.build_id != item.identity():
                progress(*pair.key, f"by {item.engine}")
                done = done.with_contender(item.run(folder / item.engine))
                if path is not None:
                    done.write(path)
    return done


class _Work(Protocol):
    """One contender that can be had."""

    engine: Engine

    def identity(self) -> str:
        """Id of its image."""

    def run(self, folder: Path) -> Contender:
        """Build it in ``folder`` and run it."""


class _PlainKernel:
    """The same engine with the plain kernel."""

    engine: Engine = "plain"

    def __init__(self, pair: Pair) -> None:
        target = pair.target.model_copy(update={"kernel": "plain"})
        self._pair = Pair(target, pair.contestant, Selection(pair.selection.clips[:_CLIPS], ()))

    def identity(self) -> str:
        return self._pair.identity()["build_id"] or ""

    def run(self, folder: Path) -> Contender:
        row = measure(self._pair, folder, lambda what: None)
        return Contender(
            target=row.target,
            model=row.model,
            engine=self.engine,
            clips=row.clips,
            equal_clips=row.equal_clips,
            instructions_per_mac=row.instructions_per_mac,
            instructions_per_second_of_audio=row.instructions_per_second_of_audio,
            flash_bytes=row.flash_bytes,
            ram_bytes=row.ram_bytes,
            reason=row.reason,
            build_id=row.build_id,
        )


class _Bakenn:
    """bakenn's C on one clip of the length that it was compiled for."""

    engine: Engine = "bakenn"

    def __init__(self, pair: Pair, network: BakennModel) -> None:
        self._pair, self._clip = pair, pair.selection.clips[0]
        self._student = pair.contestant.quantized
        self._rows = run(self._student, self._clip.pcm).rows
        clip = self._rows["logmel"].astype(np.int8)
        self._image = BakennImage(network, self._student, _optimised(pair.target), clip)

    def identity(self) -> str:
        return self._image.identity()

    def run(self, folder: Path) -> Contender:
        target, model = self._pair.key
        contender = Contender(target=target, model=model, engine=self.engine, build_id=self.identity())
        try:
            count = self._image.run(folder)
        except DoesNotFitError as error:
            return contender.model_copy(update={"reason": error.message})
        macs = macs_by_stage(self._student, len(self._clip.pcm))
        backbone = sum(number for stage, number in macs.items() if stage != HEAD)
        per_second = count.instructions * SAMPLE_RATE / len(self._clip.pcm)
        return contender.model_copy(
            update={
                "clips": 1,
                "equal_clips": int(equals_reference(self._student, self._rows, count.output)),
                "instructions_per_mac": round(count.instructions / backbone, _MAC_DIGITS),
                "instructions_per_second_of_audio": round(per_second),
                "flash_bytes": count.flash_bytes,
                "ram_bytes": count.ram_bytes,
            }
        )


def _network(model: str) -> BakennModel:
    tflite = (student_dir(model) / "backbone.int8.tflite").read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        return compile_model(with_one_output(tflite), Path(folder))


def _optimised(target: Target) -> Target:
    flags = [_BAKENN_LEVEL if flag in _LEVELS else flag for flag in target.compiler.flags]
    return target.model_copy(update={"compiler": target.compiler.model_copy(update={"flags": flags})})
