"""``bench.json``: one row per target and student, and what it was measured with."""

from collections.abc import Iterable, Mapping
from typing import Literal

import toolchain
from toolchain.errors import UsageError
from toolchain.model_names import MODELS
from toolchain.records import Record, TableFile
from toolchain.target import Target

#: Who executed the image: an emulated core or a simulated chip, this computer, or nobody.
Verified = Literal["emulated-core", "simulated-chip", "this-computer", "built-only", "does-not-fit"]

_VERIFIED: dict[str | None, Verified] = {
    "qemu": "emulated-core",
    "rp2040js": "simulated-chip",
    "labwired": "simulated-chip",
    "process": "this-computer",
    None: "built-only",
}


def verified_by(target: Target) -> Verified:
    """What is known of a target's images after its emulator, if it has one, has run them."""
    return _VERIFIED[target.emulator.kind if target.emulator else None]


class Audio(Record):
    """What was played: clips of one length from one corpus, and a hash over all their samples."""

    corpus: str
    clips: int
    seconds: float
    sha256: str


class Row(Record):
    """One student on one target. Bytes and instructions are null where there is nothing to measure them with.

    Attributes:
        kernel: what the backbone's convolutions are made of (`toolchain.codegen.kernels`).
        equal_clips: clips of which all three outputs equal the integer reference's, of ``clips`` played.
        flash_bytes: what is stored in flash, initial values of variables included.
        ram_static_bytes: variables, and whatever else is loaded into RAM.
        ram_stack_bytes: the stack's high-water mark, as the board measures it.
        image_bytes: size of the image file; an ELF file has symbols in it, too.
        instructions_per_second_of_audio: executed by the engine, counted on this target.
        instructions_per_mac: of the backbone (of the 72k with its head), for each multiply-accumulate of the network as
            it is defined (`toolchain.bench.stages.macs_by_stage`); counted on this target or on its twin.
        stages: instructions per second of audio of the front end, each layer and the head; likewise.
        twin: the emulated target that runs the same engine objects, where this one has no emulator.
        instructions_from_twin: counted there.
        reason: why the student does not fit.
        build_id: of the image.
        target_sha256: SHA-256 of the target's description: its emulator and budget are no part of the image.
        student: SHA-256 of the quantised student.
        audio: SHA-256 over the clips that were played.
    """

    target: str
    model: str
    kernel: str
    verified: Verified
    clips: int
    equal_clips: int
    flash_bytes: int | None = None
    ram_static_bytes: int | None = None
    ram_stack_bytes: int | None = None
    image_bytes: int | None = None
    instructions_per_second_of_audio: int | None = None
    instructions_per_mac: float | None = None
    stages: dict[str, int] | None = None
    twin: str | None = None
    instructions_from_twin: int | None = None
    reason: str | None = None
    build_id: str
    target_sha256: str
    student: str
    audio: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Target and model."""
        return self.target, self.model

    @property
    def ram_bytes(self) -> int | None:
        """Variables and the measured stack, or the variables alone where it is not measured."""
        return None if self.ram_static_bytes is None else self.ram_static_bytes + (self.ram_stack_bytes or 0)

    def is_same_work(self, identity: Mapping[str, str | None]) -> bool:
        """Whether this row is right, and of the image, target, student and audio of `Pair.identity`."""
        return self.equal_clips == self.clips and all(
            getattr(self, name) == value for name, value in identity.items()
        )


class Header(Record):
    """What the rows were measured with. There is no date: the same work gives the same file.

    Attributes:
        students: SHA-256 of the quantised students, by model.
        compilers: versions by command.
        emulators: versions by command, or package of a simulated chip.
    """

    toolchain: str = toolchain.__version__
    audio: Audio
    students: dict[str, str]
    compilers: dict[str, str]
    emulators: dict[str, str]

    def going_on_from(self, earlier: "Header") -> "Header":
        """This header, with what an earlier one says of students and programs that this one does not know.

        Raises:
            UsageError: if other clips were played then.
        """
        if earlier.audio != self.audio:
            raise UsageError("the table was measured with other clips", "measure again without --resume")
        names = ("students", "compilers", "emulators")
        return self.model_copy(update={name: {**getattr(earlier, name), **getattr(self, name)} for name in names})


class Table(TableFile):
    """All rows, sorted by target and model."""

    COMMAND = "bench"
    NAME = "bench.json"

    header: Header
    rows: tuple[Row, ...]

    def row(self, target: str, model: str) -> Row | None:
        """The row of one pair, or None if it was not measured."""
        return next((row for row in self.rows if row.key == (target, model)), None)

    def limited_to(self, targets: Iterable[str]) -> "Table":
        """The same table without the rows of any other target."""
        names = set(targets)
        return self.model_copy(update={"rows": tuple(row for row in self.rows if row.target in names)})


def make_table(header: Header, rows: Iterable[Row]) -> Table:
    """Sort the rows, and give those of targets without an emulator the instructions of their twins."""
    by_key = {row.key: row for row in rows}
    linked = [_with_twin(row, by_key.get((row.twin or "", row.model))) for row in by_key.values()]
    return Table(header=header, rows=tuple(sorted(linked, key=_order)))


def _with_twin(row: Row, twin: Row | None) -> Row:
    if row.verified != "built-only" or twin is None:
        return row
    return row.model_copy(
        update={
            "instructions_from_twin": twin.instructions_per_second_of_audio,
            "instructions_per_mac": twin.instructions_per_mac,
            "stages": twin.stages,
        }
    )


def _order(row: Row) -> tuple[str, int]:
    return row.target, MODELS.index(row.model)
