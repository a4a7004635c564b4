"""What becomes of bytes: every kind of fault, and only at its place."""

import pytest

from toolchain.faults.damage import BOOT_NOISE, Damage
from toolchain.faults.fault import Direction, Fault, Kind

#: Two frames; an empty one before them, as every request that may be repeated has.
LINE = b"\0abcd\0efg\0"


def damaged(*faults: Fault) -> bytes:
    """The line after these faults; fed byte by byte or at once, it is the same."""
    whole, pieces = Damage(faults), Damage(faults)
    out = b"".join(whole.feed(LINE))
    assert b"".join(b"".join(pieces.feed(bytes((byte,)))) for byte in LINE) == out
    assert whole.happened == pieces.happened == list(faults)
    return out


@pytest.mark.parametrize(
    ("position", "kind", "value", "expected"),
    [
        (1, Kind.FLIP, 1, b"\0cbcd\0efg\0"),
        (0, Kind.FLIP, 0, b"\1abcd\0efg\0"),
        (2, Kind.DROP, 2, b"\0ad\0efg\0"),
        (5, Kind.DUPLICATE, 1, b"\0abcd\0\0efg\0"),
        (9, Kind.INSERT, 255, b"\0abcd\0efg\xff\0"),
        (4, Kind.REORDER, 1, b"\0abc\0defg\0"),
        (0, Kind.LOSE_FRAME, 1, b"\0efg\0"),
        (1, Kind.LOSE_FRAME, 1, b"\0abcd\0"),
        (1, Kind.REPEAT_FRAME, 1, b"\0abcd\0efg\0efg\0"),
        (0, Kind.MERGE, 1, b"\0abcdefg\0"),
        (0, Kind.CUT, 2, b"\0ab\0cd\0efg\0"),
        (1, Kind.NOISE, 0, b"\0abcd\0" + BOOT_NOISE + b"efg\0"),
    ],
)
def test_a_fault_happens_at_its_place_and_nowhere_else(position, kind, value, expected):
    assert damaged(Fault(Direction.TO_BOARD, position, kind, value)) == expected


def test_an_undamaged_line_passes_and_its_frames_are_known():
    damage = Damage(())
    assert damage.feed(LINE) == [LINE]
    assert damage.bytes == len(LINE)
    assert [(frame.start, frame.length) for frame in damage.frames] == [(1, 5), (6, 4)]


def test_what_hits_the_line_stands_between_the_bytes_before_and_after_it():
    reset = Fault(Direction.TO_BOARD, 1, Kind.RESET, 2)
    late = Fault(Direction.TO_BOARD, 1, Kind.DELAY, 30)
    assert Damage((reset, late)).feed(LINE) == [b"\0", late, b"abcd\0ef", reset, b"g\0"]


def test_a_fault_beyond_the_last_byte_has_not_happened():
    damage = Damage((Fault(Direction.TO_BOARD, len(LINE), Kind.FLIP, 0), Fault(Direction.TO_BOARD, 2, Kind.CUT, 0)))
    assert damage.feed(LINE) == [LINE]
    assert damage.happened == []


def test_faults_at_the_same_byte_all_happen():
    flip, double = Fault(Direction.TO_BOARD, 1, Kind.FLIP, 1), Fault(Direction.TO_BOARD, 1, Kind.DUPLICATE)
    assert damaged(flip, double) == b"\0ccbcd\0efg\0"
