"""``soak.json``: what came of many clips in a row, board by board."""

import toolchain
from toolchain.records import Record, TableFile
from toolchain.soak.usage import Usage


class Batch(Record):
    """Clips that followed one another on one open session.

    Attributes:
        session: of the board's, counted from 1; a run that was interrupted goes on in another one.
        clips: how many.
        equal: how many of them gave exactly what the integer reference gives.
        seconds: what they took.
        lost: requests that were never answered.
        damaged: requests that did not arrive whole.
        repeated: requests sent again, or places in a window asked for again. On a busy computer an answer may be late:
            what is repeated was lost only where it is counted among ``lost`` or ``damaged``.
        restarts: of the board.
        ticks: by clip, the fewest the engine took, of clips during which nothing was repeated.
        stack_used: bytes, the most the board's stack has held in this session; 0 where that is not known.
        host: what the process takes that drives the board.
        board: what the emulator takes.
    """

    session: int
    clips: int
    equal: int
    seconds: float
    lost: int
    damaged: int
    repeated: int
    restarts: int
    ticks: dict[int, int]
    stack_used: int
    host: Usage
    board: Usage


class Change(Record):
    """One figure after a session's first clips, and at its end."""

    first: int
    last: int


class Figures(Record):
    """What all batches of a board come to.

    Attributes:
        clips: run; likewise ``equal`` to ``restarts`` as in `Batch`.
        sessions: how many they were run in.
        seconds: what they took.
        ticks_compared: how many distinct clips were run undisturbed in the first and in the last tenth.
        drift_instructions: most instructions by which the fewest of one clip in these two tenths differ; None where
            ticks are not instructions.
        stack: of the session in which it changed most, or of the last one; likewise the next ones but the growths.
        host_growth_kib: by how much the driving process's memory grows over the whole run, by the median of all
            slopes between two batches of one session; None where no session was long enough.
        board_growth_kib: likewise of the emulator.
    """

    clips: int
    equal: int
    sessions: int
    seconds: float
    lost: int
    damaged: int
    repeated: int
    restarts: int
    ticks_compared: int
    drift_instructions: float | None
    stack: Change | None
    host_files: Change | None
    host_threads: Change | None
    board_files: Change | None
    host_growth_kib: int | None
    board_growth_kib: int | None


class Row(Record):
    """One board.

    Attributes:
        board: its name: the target's, and a number where a target has several boards.
        wanted: clips it is to run.
        clip_seconds: length of each.
        distinct: how many different ones there are.
        ticks_per_instruction: of its emulator; None where ticks are not instructions.
        batches: what an unfinished run, or one that did not pass, is judged by.
        figures: what they come to; None as long as there are clips to run.
        health: what the board says of itself at the end: "sound", or what is wrong.
        error: why it ended early; None where it did not.
    """

    board: str
    target: str
    model: str
    build_id: str
    model_hash: str
    seed: int
    wanted: int
    clip_seconds: float
    distinct: int
    ticks_per_instruction: float | None
    batches: tuple[Batch, ...] = ()
    figures: Figures | None = None
    health: str | None = None
    error: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Board and model."""
        return self.board, self.model

    @property
    def done(self) -> int:
        """Clips that were run."""
        return self.figures.clips if self.figures else sum(batch.clips for batch in self.batches)

    @property
    def wrong(self) -> int:
        """Clips whose result was not the reference's."""
        return sum(batch.clips - batch.equal for batch in self.batches)

    @property
    def sessions(self) -> int:
        """Sessions with the board so far."""
        return max((batch.session for batch in self.batches), default=0)

    def is_same_work(self, other: "Row") -> bool:
        """Whether the other one is of the same clips with the same image."""
        outcome = {"batches", "figures", "health", "error"}
        return self.model_dump(exclude=outcome) == other.model_dump(exclude=outcome)


class SoakTable(TableFile):
    """All boards, sorted."""

    COMMAND = "soak"
    NAME = "soak.json"

    toolchain: str = toolchain.__version__
    boards: tuple[Row, ...] = ()

    def of(self, row: Row) -> Row | None:
        """The row of the same board and model, or None."""
        return next((other for other in self.boards if other.key == row.key), None)

    def with_row(self, row: Row) -> "SoakTable":
        """The same table with this row in place of what it had for the board."""
        others = [other for other in self.boards if other.key != row.key]
        return SoakTable(boards=tuple(sorted([*others, row], key=lambda item: item.key)))
