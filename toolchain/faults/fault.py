"""What can go wrong on a line, as values: which fault, in which direction, and where in a session."""

import random
from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    """Which way a byte goes."""

    TO_BOARD = "to-board"
    TO_HOST = "to-host"


class Kind(StrEnum):
    """What goes wrong, and what the fault's value means."""

    # At a byte, counted from the session's first.
    FLIP = "flip"  # bit `value` of it
    DROP = "drop"  # `value` bytes from it on
    DUPLICATE = "duplicate"  # it comes twice
    INSERT = "insert"  # byte `value` before it
    REORDER = "reorder"  # it comes after the next one
    DELAY = "delay"  # it, and what follows in its direction, comes `value` ms late
    STALL = "stall"  # from it on nothing moves in either direction, for `value` ms
    # At a frame, counted from the session's first.
    LOSE_FRAME = "lose-frame"  # all of it
    REPEAT_FRAME = "repeat-frame"  # it comes twice
    MERGE = "merge"  # with the next one: its delimiter is lost
    # In a frame, before its byte number `value`.
    CUT = "cut"  # into two: a delimiter is inserted
    NOISE = "noise"  # what a boot loader prints is inserted
    RESET = "reset"  # the board starts again; what it was sending is lost
    KILL = "kill"  # the board is gone for good
    LOSE_PORT = "lose-port"  # the host's end of the line is gone for good
    MOVE_PORT = "move-port"  # the host's end of the line is gone, and back under another name


#: Faults whose position counts frames; that of all others counts bytes.
OF_FRAMES = frozenset(
    {
        Kind.LOSE_FRAME,
        Kind.REPEAT_FRAME,
        Kind.MERGE,
        Kind.CUT,
        Kind.NOISE,
        Kind.RESET,
        Kind.KILL,
        Kind.LOSE_PORT,
        Kind.MOVE_PORT,
    }
)

#: Faults that hit the line or an end of it rather than the bytes.
OF_THE_LINE = frozenset({Kind.DELAY, Kind.STALL, Kind.RESET, Kind.KILL, Kind.LOSE_PORT, Kind.MOVE_PORT})

#: How often a random fault is of each kind, and the smallest and largest value it may have. What ends a session for
#: certain is rare: nothing that comes after it is tried.
_RANDOM = {
    Kind.FLIP: (24, 0, 7),
    Kind.DROP: (12, 1, 40),
    Kind.DUPLICATE: (12, 1, 1),
    Kind.INSERT: (12, 0, 255),
    Kind.REORDER: (8, 1, 1),
    Kind.DELAY: (3, 1, 80),
    Kind.STALL: (3, 1, 80),
    Kind.LOSE_FRAME: (6, 1, 1),
    Kind.REPEAT_FRAME: (6, 1, 1),
    Kind.MERGE: (4, 1, 1),
    Kind.CUT: (4, 1, 12),
    Kind.NOISE: (3, 0, 12),
    Kind.RESET: (2, 0, 12),
    Kind.MOVE_PORT: (0.6, 0, 12),
    Kind.LOSE_PORT: (0.1, 0, 12),
    Kind.KILL: (0.1, 0, 12),
}


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        direction: of the byte or frame it is at.
        position: number of that byte or frame in its direction, from 0; see `OF_FRAMES`.
        kind: what goes wrong.
        value: as `Kind` says.
    """

    direction: Direction
    position: int
    kind: Kind
    value: int = 1

    def __str__(self) -> str:
        unit = "frame" if self.kind in OF_FRAMES else "byte"
        return f"{self.kind} ({self.value}) at {unit} {self.position} {self.direction}"


def random_fault(
    generator: random.Random, lengths: dict[Direction, int], frames: dict[Direction, int], kinds: tuple[Kind, ...] = ()
) -> Fault:
    """Any fault, of ``kinds`` alone if any are given, at one of the first so many bytes or frames of a direction."""
    chosen = kinds or tuple(_RANDOM)
    kind = generator.choices(chosen, [_RANDOM[kind][0] for kind in chosen])[0]
    direction = generator.choice(list(Direction))
    places = frames if kind in OF_FRAMES else lengths
    _, smallest, largest = _RANDOM[kind]
    return Fault(direction, generator.randrange(places[direction]), kind, generator.randint(smallest, largest))
