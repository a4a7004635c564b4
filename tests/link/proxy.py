"""A serial cable with faults: stands between a board's pseudo-terminal and the host, and damages what passes."""

import os
import random
import select
import threading
import time
import tty
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Self

_READ_BYTES = 4096


class Direction(Enum):
    """Which way a byte goes."""

    TO_BOARD = auto()
    TO_HOST = auto()


class Kind(Enum):
    """What happens to the byte at the fault's position, and what the fault's value means."""

    FLIP = auto()  # of bit `value`
    DROP = auto()  # of `value` bytes from here on
    DUPLICATE = auto()
    INSERT = auto()  # of byte `value` before it
    STALL = auto()  # for `value` milliseconds
    LOSE_FRAME = auto()  # the position counts frames, not bytes
    RESTART = auto()  # of the board; what was on its way is lost


@dataclass(frozen=True)
class Fault:
    """One fault: at the byte (or frame) number ``position`` of its direction, counted from 0."""

    direction: Direction
    position: int
    kind: Kind
    value: int = 1

    @classmethod
    def random(cls, generator: random.Random, lengths: dict[Direction, int]) -> "Fault":
        """Any fault at one of the first ``lengths`` bytes of either direction."""
        direction = generator.choice(list(Direction))
        largest = {Kind.FLIP: 7, Kind.DROP: 40, Kind.DUPLICATE: 1, Kind.INSERT: 255, Kind.STALL: 120}
        kind = generator.choice(list(largest))
        value = generator.randint(0 if kind in (Kind.FLIP, Kind.INSERT) else 1, largest[kind])
        return cls(direction, generator.randrange(lengths[direction]), kind, value)


class Proxy:
    """Carries bytes between ``device`` and its own pseudo-terminal, ``url``. A context manager.

    Args:
        device: the board's pseudo-terminal.
        faults: what goes wrong; positions count from the start of this proxy.
        restart: starts the board again and returns its new pseudo-terminal; for RESTART.
    """

    def __init__(
        self, device: str, faults: Iterable[Fault] = (), restart: Callable[[], str] | None = None
    ) -> None:
        self._restart = restart
        self._faults: dict[tuple[Direction, int], list[Fault]] = defaultdict(list)
        self._lost_frames: set[tuple[Direction, int]] = set()
        for fault in faults:
            if fault.kind is Kind.LOSE_FRAME:
                self._lost_frames.add((fault.direction, fault.position))
            else:
                self._faults[fault.direction, fault.position].append(fault)
        #: Bytes that came in so far, and frames; a frame ends with the delimiter that follows something.
        self.passed = dict.fromkeys(Direction, 0)
        self.frames = dict.fromkeys(Direction, 0)
        self._in_frame = dict.fromkeys(Direction, False)
        self._dropping = dict.fromkeys(Direction, 0)
        self._board = _open_raw(device)
        self._host, self._far_end = os.openpty()
        tty.setraw(self._far_end)
        self.url = os.ttyname(self._far_end)
        self._stop_reader, self._stop_writer = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._stop_writer)
        self._thread.join()
        for handle in (self._board, self._host, self._far_end, self._stop_reader):
            os.close(handle)

    def _run(self) -> None:
        while True:
            ready, _, _ = select.select([self._host, self._board, self._stop_reader], [], [])
            if self._stop_reader in ready:
                return
            try:
                for source in ready:
                    self._carry(source)
            except OSError:  # the board is gone
                return

    def _carry(self, source: int) -> None:
        if source == self._host:
            damaged = self._damage(Direction.TO_BOARD, os.read(source, _READ_BYTES))
            os.write(self._board, damaged)
        else:
            os.write(self._host, self._damage(Direction.TO_HOST, os.read(source, _READ_BYTES)))

    def _damage(self, direction: Direction, data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            if (direction, self.frames[direction]) not in self._lost_frames:
                out += self._damage_byte(direction, self.passed[direction], byte)
            self._count(direction, byte)
        return bytes(out)

    def _count(self, direction: Direction, byte: int) -> None:
        self.passed[direction] += 1
        if byte == 0 and self._in_frame[direction]:
            self.frames[direction] += 1
        self._in_frame[direction] = byte != 0

    def _damage_byte(self, direction: Direction, position: int, byte: int) -> bytes:
        out = bytes((byte,))
        for fault in self._faults.get((direction, position), ()):
            match fault.kind:
                case Kind.FLIP:
                    out = bytes((out[-1] ^ 1 << fault.value,)) if out else out
                case Kind.DROP:
                    self._dropping[direction] = fault.value
                case Kind.DUPLICATE:
                    out *= 2
                case Kind.INSERT:
                    out = bytes((fault.value,)) + out
                case Kind.STALL:
                    time.sleep(fault.value / 1000)
                case Kind.RESTART:
                    assert self._restart is not None
                    os.close(self._board)
                    self._board = _open_raw(self._restart())
        if self._dropping[direction]:
            self._dropping[direction] -= 1
            return b""
        return out


def _open_raw(device: str) -> int:
    handle = os.open(device, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(handle)
    return handle
