"""``faults.json``: how every session with faults ended, counted by class."""

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from pydantic import Field, model_validator

import toolchain
from toolchain.errors import ParityError
from toolchain.faults.session import Outcome
from toolchain.records import Record, TableFile

_MS = 1000


class ClassResult(Record):
    """How the sessions of one class of faults ended.

    Attributes:
        kind: the class.
        cases: sessions that were run; each counts in one of the next four.
        right: the exact answer of the integer reference.
        named_error: a `LinkError`.
        wrong: anything else, a board that fell over among it.
        hang: no end within the limit.
        seconds_99: the 99th percentile of the time a session took, rounded up to a millisecond.
        seconds_most: the longest.
    """

    kind: str
    cases: int
    right: int
    named_error: int
    wrong: int
    hang: int
    seconds_99: float
    seconds_most: float


class Recovery(Record):
    """Extra time of sessions with one lost or damaged frame over the median of undamaged ones, one session at a time.

    Attributes:
        frames: which frames: "AUDIO and its answers", or "other".
        cases: sessions.
        median_ms: milliseconds; likewise the others.
    """

    frames: str
    cases: int
    median_ms: float
    ms_99: float
    most_ms: float


class Failure(Record):
    """A session that ended as none may.

    Attributes:
        kind: its class.
        number: its place there; ``toolchain faults --case KIND:NUMBER`` repeats it.
        faults: what went wrong on the line.
        said: what was wrong with how it ended.
    """

    kind: str
    number: int
    outcome: str
    faults: tuple[str, ...]
    said: str


class Progress(Record):
    """Where an unfinished run stands.

    Attributes:
        done: numbers of the finished batches.
        milliseconds: by class, how many sessions took so many milliseconds.
    """

    done: tuple[int, ...] = ()
    milliseconds: dict[str, dict[int, int]] = Field(default_factory=dict)


class TargetResult(Record):
    """All sessions on one target.

    Attributes:
        sanitizers: whether the address and undefined-behaviour sanitizers watched the firmware; they end it at their
            first finding, and the session counts as wrong.
        samples: of the clip.
        bytes: what an undamaged session puts on the line, by direction; likewise ``frames``.
        share: of the single faults that was tried.
        random_sessions: sessions with several random faults.
        timeout_seconds: without progress, after which the link gives up.
        limit_seconds: after which a session counts as hung.
        unfinished: None when all is done.
    """

    target: str
    model: str
    build_id: str
    model_hash: str
    sanitizers: bool
    seed: int
    share: float
    random_sessions: int
    samples: int
    bytes: dict[str, int]
    frames: dict[str, int]
    timeout_seconds: float
    limit_seconds: float
    classes: tuple[ClassResult, ...] = ()
    recovery: tuple[Recovery, ...] = ()
    failures: tuple[Failure, ...] = ()
    unfinished: Progress | None = Field(default_factory=Progress)

    @model_validator(mode="after")
    def _says_what_failed(self) -> "TargetResult":
        if self.bad and not self.failures:
            raise ValueError("sessions came out wrong, and none is described")
        return self

    @property
    def bad(self) -> int:
        """Sessions that came out wrong or hung."""
        return sum(item.wrong + item.hang for item in self.classes)

    @property
    def key(self) -> tuple[str, str]:
        """Target and model."""
        return self.target, self.model

    def is_same_work(self, other: "TargetResult") -> bool:
        """Whether the other one is of the same sessions with the same image."""
        outcome = {"classes", "recovery", "failures", "unfinished"}
        return self.model_dump(exclude=outcome) == other.model_dump(exclude=outcome)


class FaultTable(TableFile):
    """All targets, sorted. There is no date: the same work gives the same file but for the times."""

    COMMAND = "faults"
    NAME = "faults.json"

    toolchain: str = toolchain.__version__
    targets: tuple[TargetResult, ...] = ()

    def of(self, result: TargetResult) -> TargetResult | None:
        """The result of the same target and model, or None."""
        return next((other for other in self.targets if other.key == result.key), None)

    def with_row(self, result: TargetResult) -> "FaultTable":
        """The same table with this result in place of what it had for the target."""
        others = [other for other in self.targets if other.key != result.key]
        return FaultTable(targets=tuple(sorted([*others, result], key=lambda item: item.key)))


class Tally:
    """Outcomes and times of sessions, by class."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Counter[Outcome]] = {}
        self.milliseconds: dict[str, Counter[int]] = {}

    @classmethod
    def of(cls, result: TargetResult) -> "Tally":
        """What an unfinished run has counted so far."""
        tally = cls()
        assert result.unfinished is not None
        for item in result.classes:
            tally.outcomes[item.kind] = Counter({outcome: getattr(item, outcome) for outcome in Outcome})
            tally.milliseconds[item.kind] = Counter(result.unfinished.milliseconds.get(item.kind, {}))
        return tally

    def add(self, kind: str, outcome: Outcome, seconds: float) -> None:
        """Count one session."""
        self.outcomes.setdefault(kind, Counter())[outcome] += 1
        self.milliseconds.setdefault(kind, Counter())[math.ceil(seconds * _MS)] += 1

    def classes(self, kinds: Iterable[str]) -> tuple[ClassResult, ...]:
        """The counts of these classes, as far as there are any."""
        return tuple(self._class(kind) for kind in kinds if kind in self.outcomes)

    def _class(self, kind: str) -> ClassResult:
        outcomes, times = self.outcomes[kind], self.milliseconds[kind]
        counts: dict[str, Any] = {outcome.value: outcomes[outcome] for outcome in Outcome}
        return ClassResult(
            kind=kind,
            cases=outcomes.total(),
            seconds_99=percentile(sorted(times.elements()), 0.99) / _MS,
            seconds_most=max(times) / _MS,
            **counts,
        )


def percentile(ascending: list[int] | list[float], part: float) -> float:
    """The smallest value that so large a part of all does not exceed."""
    return ascending[max(0, math.ceil(part * len(ascending)) - 1)]


def require_nothing_wrong(results: Iterable[TargetResult]) -> None:
    """Refuse results with a wrong answer or a hang.

    Raises:
        ParityError: naming how many there are, and the first.
    """
    for result in results:
        if result.bad:
            cases = sum(item.cases for item in result.classes)
            first = result.failures[0]
            raise ParityError(
                f"{result.bad} of {cases:,} sessions with faults on {result.target} came out wrong or hung; "
                f"{first.kind} {first.number} ({', '.join(first.faults)}): {first.said}",
                f"repeat it with: toolchain faults --target {result.target} --seed {result.seed} "
                f"--case '{first.kind}:{first.number}'",
            )
