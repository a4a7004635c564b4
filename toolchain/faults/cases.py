"""All cases of one session: every single fault there is, class by class, and as many random ones as wanted."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from toolchain.faults.fault import OF_FRAMES, Direction, Fault, Kind, random_fault
from toolchain.faults.session import Passed

#: The class whose sessions have several faults each, drawn from the seed.
RANDOM = "random"
_MOST_RANDOM_FAULTS = 8

#: Repairs make a session longer; random faults are drawn from so much of an undamaged one.
_LONGER = 1.5

#: Milliseconds without a byte: longer than the silence after which the host asks again, and shorter.
_LATE = (20, 100)

_BITS = range(8)
_ALL_ONES = 255


@dataclass(frozen=True)
class Case:
    """One session with faults.

    Attributes:
        kind: the name of its class.
        number: its place in the class, from 0.
        faults: what goes wrong.
        seed: of its random tokens and numbers; no two cases have the same.
    """

    kind: str
    number: int
    faults: tuple[Fault, ...]
    seed: str

    def entropy(self, attempt: int = 0) -> Callable[[int], bytes]:
        """A source of the session's random bytes; the same one again for the same attempt."""
        return random.Random(f"{self.seed} {attempt}").randbytes

    @property
    def must_happen(self) -> int:
        """How many of its faults must happen, or the case is void: one, of several at random, too."""
        return min(1, len(self.faults))


@dataclass(frozen=True)
class Plan:
    """All cases for one session.

    Attributes:
        passed: what the undamaged session puts on the line.
        seed: of everything random.
        random_sessions: how many sessions with random faults.
        share: of every class of single faults; at least one case of each is tried.
    """

    passed: Passed
    seed: int
    random_sessions: int
    share: float = 1.0

    def singles(self) -> dict[str, list[Fault]]:
        """Every single fault, by class."""
        bytes_ = [(way, n) for way in Direction for n in range(self.passed.bytes[way])]
        pairs = [(way, n) for way in Direction for n in range(self.passed.bytes[way] - 1)]
        frames = [(way, n) for way in Direction for n in range(len(self.passed.frames[way]))]
        half = {(way, n): self.passed.frames[way][n][1] // 2 for way, n in frames}
        starts = [(way, start) for way in Direction for start, _ in self.passed.frames[way]]
        other = random.Random(f"{self.seed} inserted")
        return {
            "bit flipped": [Fault(*place, Kind.FLIP, bit) for place in bytes_ for bit in _BITS],
            "byte dropped": [Fault(*place, Kind.DROP) for place in bytes_],
            "byte duplicated": [Fault(*place, Kind.DUPLICATE) for place in bytes_],
            "byte inserted": [
                Fault(*place, Kind.INSERT, value)
                for place in bytes_
                for value in (0, _ALL_ONES, other.randrange(1, _ALL_ONES))
            ],
            "two bytes reordered": [Fault(*place, Kind.REORDER) for place in pairs],
            "frame lost": [Fault(*place, Kind.LOSE_FRAME) for place in frames],
            "frame repeated": [Fault(*place, Kind.REPEAT_FRAME) for place in frames],
            "frame cut": [Fault(*place, Kind.CUT, half[place]) for place in frames],
            "frames merged": [Fault(*place, Kind.MERGE) for place in frames],
            "bytes late": [Fault(*place, Kind.DELAY, late) for place in starts for late in _LATE],
            "line stalled": [Fault(*place, Kind.STALL, late) for place in starts for late in _LATE],
            "boot noise": [Fault(*place, Kind.NOISE, at) for place in frames for at in (0, half[place])],
            "board reset": [Fault(*place, Kind.RESET, at) for place in frames for at in (0, half[place])],
            "board killed": [Fault(*place, Kind.KILL, 0) for place in frames],
            "port lost": [Fault(*place, Kind.LOSE_PORT, at) for place in frames for at in (0, half[place])],
            "port moved": [Fault(*place, Kind.MOVE_PORT, at) for place in frames for at in (0, half[place])],
        }

    def cases(self) -> dict[str, list[int]]:
        """The numbers of the cases that are tried, by class."""
        chosen = {kind: spread(len(faults), self.share) for kind, faults in self.singles().items()}
        return {**chosen, RANDOM: list(range(self.random_sessions))}

    def random_faults(self, number: int) -> tuple[Fault, ...]:
        """The faults of one random session; the first one is where even an undamaged session comes by."""
        generator = random.Random(f"{self.seed} random faults {number}")
        lengths = {way: int(_LONGER * self.passed.bytes[way]) for way in Direction}
        frames = {way: int(_LONGER * len(self.passed.frames[way])) for way in Direction}
        count = generator.randint(2, _MOST_RANDOM_FAULTS)
        return (self._met(generator), *(random_fault(generator, lengths, frames) for _ in range(count - 1)))

    def _met(self, generator: random.Random) -> Fault:
        frames = {way: len(self.passed.frames[way]) for way in Direction}
        fault = random_fault(generator, self.passed.bytes, frames)
        if fault.kind not in OF_FRAMES:
            return fault
        _, length = self.passed.frames[fault.direction][fault.position]
        return replace(fault, value=min(fault.value, length - 1))

    def case(self, kind: str, number: int, singles: dict[str, list[Fault]]) -> Case:
        """One case; ``singles`` as this plan's method of that name returns them."""
        faults = self.random_faults(number) if kind == RANDOM else (singles[kind][number],)
        return Case(kind, number, faults, f"{self.seed} {kind} {number}")


def find_case(plan: Plan, name: str) -> Case | None:
    """The case called CLASS:NUMBER, whether the plan's share has it or not; None if there is none."""
    kind, _, number = name.rpartition(":")
    singles = plan.singles()
    if not number.isdecimal() or (kind != RANDOM and int(number) >= len(singles.get(kind, ()))):
        return None
    return plan.case(kind, int(number), singles)


def spread(count: int, share: float) -> list[int]:
    """Numbers below ``count``, so large a share of them, evenly spread, at least one."""
    chosen = min(count, max(1, round(count * share)))
    return [index * count // chosen for index in range(chosen)]
