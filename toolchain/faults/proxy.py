"""A serial cable with faults: stands between a board and the host, and damages what passes."""

import os
import select
import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Self

from toolchain.errors import LinkError
from toolchain.faults.boards import RunningBoard
from toolchain.faults.damage import Damage, PassedFrame
from toolchain.faults.ends import End, end_for_host, end_of_board
from toolchain.faults.fault import Direction, Fault, Kind
from toolchain.link.frames import DELIMITER, FrameReader, encode
from toolchain.link.protocol import TOKEN_BYTES, Hello, HelloReply, read_reply, to_frame
from toolchain.link.starts import Starts

#: Seconds that a board may take to answer before the first fault: longer than it takes to start.
_STEP_SECONDS = 10.0

#: Longer than a fault takes to happen: a board that is started anew is given three times ten seconds.
_END_SECONDS = 45.0

#: After so long without an answer it is asked again.
_ASK_AGAIN_SECONDS = 0.3


class Proxy:
    """Carries bytes between a board's port and a port of its own, ``url``. A context manager.

    Args:
        board: the board; it runs already.
        faults: what goes wrong; positions count from the start of this proxy.
        settle: first bring the board into step, so that nothing of its start or of an earlier session comes in.

    Raises:
        LinkError: on entering, if the board has to be brought into step and does not answer.
        OSError: on entering, if the board's port cannot be opened.
    """

    def __init__(self, board: RunningBoard, faults: Iterable[Fault] = (), *, settle: bool = True) -> None:
        self._board = board
        self._settle = settle
        faults = tuple(faults)
        self._damage = {way: Damage(fault for fault in faults if fault.direction is way) for way in Direction}
        self._under_way: dict[Direction, deque[tuple[float, bytes | Fault]]] = {way: deque() for way in Direction}
        self._held_until = dict.fromkeys(Direction, 0.0)
        self._host_end: End | None = None
        self._board_end: End | None = None
        self._stop_reader, self._stop_writer = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._reader, self._starts, self._resets = FrameReader(), Starts(), 0
        #: Where the host finds the line now; None after its port was lost.
        self.url: str | None = None
        #: What went wrong with the proxy itself, if anything did.
        self.error: Exception | None = None

    @property
    def passed(self) -> dict[Direction, int]:
        """Bytes that came in so far."""
        return {way: damage.bytes for way, damage in self._damage.items()}

    @property
    def frames(self) -> dict[Direction, list[PassedFrame]]:
        """Complete frames that came in so far."""
        return {way: damage.frames for way, damage in self._damage.items()}

    @property
    def happened(self) -> list[Fault]:
        """The faults that have happened; one whose position was never reached has not."""
        return [fault for damage in self._damage.values() for fault in damage.happened]

    @property
    def unasked_starts(self) -> int:
        """How often the board announced a start that no fault had brought about: its firmware has crashed."""
        return self._starts.count - self._resets

    def __enter__(self) -> Self:
        try:
            self._board_end = end_of_board(self._board.url)
            if self._settle:
                bring_into_step(self._board_end)
            self._host_end = end_for_host(self._board.url)
        except BaseException:
            self._close()
            raise
        self.url = self._host_end.url
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        os.write(self._stop_writer, b"\0")
        self._thread.join(_END_SECONDS)
        if self._thread.is_alive():  # in an end that takes no bytes, and that is therefore left open
            self.error = TimeoutError(f"it did not end within {_END_SECONDS:g} s")
            return
        self._close()

    def _close(self) -> None:
        os.close(self._stop_writer)
        os.close(self._stop_reader)
        for end in (self._host_end, self._board_end):
            if end is not None:
                end.close()

    def _run(self) -> None:
        try:
            while self._carry():
                pass
        except Exception as error:
            self.error = error
            self._lose_port()

    def _carry(self) -> bool:
        """Wait for bytes, or until those that were held back are due; False when the proxy is to end."""
        ends = {end.fileno(): end for end in (self._host_end, self._board_end) if end is not None}
        ready, _, _ = select.select([*ends, self._stop_reader], [], [], self._seconds_to_wait())
        if self._stop_reader in ready:
            return False
        for handle in ready:
            self._take(ends[handle])
        for way in Direction:
            self._deliver(way)
        return True

    def _seconds_to_wait(self) -> float | None:
        due = [line[0][0] for line in self._under_way.values() if line]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _take(self, end: End) -> None:
        """Read what has come in at one end, and put what becomes of it on its way."""
        way = Direction.TO_BOARD if end is self._host_end else Direction.TO_HOST
        try:
            data = end.read()
        except OSError:
            self._lose(end)
            return
        if way is Direction.TO_HOST:
            self._watch(data)
        now = time.monotonic()
        for piece in self._damage[way].feed(data):
            if isinstance(piece, Fault) and piece.kind in (Kind.DELAY, Kind.STALL):
                self._hold(tuple(Direction) if piece.kind is Kind.STALL else (way,), now, piece.value)
            else:
                self._under_way[way].append((max(now, self._held_until[way]), piece))

    def _watch(self, data: bytes) -> None:
        """Look for announcements in what the board sends, before any damage."""
        for frame in self._reader.feed(data):
            reply = read_reply(frame)
            if reply is not None:
                self._starts.take_reply(reply)

    def _hold(self, ways: tuple[Direction, ...], now: float, milliseconds: int) -> None:
        for way in ways:
            self._held_until[way] = max(now, self._held_until[way]) + milliseconds / 1000

    def _deliver(self, way: Direction) -> None:
        line = self._under_way[way]
        while line and line[0][0] <= time.monotonic():
            _, piece = line.popleft()
            if isinstance(piece, Fault):
                self._strike(piece)
            else:
                self._send(way, piece)

    def _send(self, way: Direction, data: bytes) -> None:
        end = self._board_end if way is Direction.TO_BOARD else self._host_end
        if end is None:
            return
        try:
            end.write(data)
        except OSError:
            self._lose(end)

    def _lose(self, end: End) -> None:
        """The other side of an end is gone: from now on the line is silent there."""
        end.close()
        if end is self._board_end:
            self._board_end = None
        else:
            self._host_end = None

    def _strike(self, fault: Fault) -> None:
        """Let happen what is not about single bytes."""
        match fault.kind:
            case Kind.RESET:
                self._resets += 1
                self._board.reset()
                self._under_way[Direction.TO_HOST].clear()
                self._follow_board()
            case Kind.KILL:
                self._board.kill()
                self._under_way[Direction.TO_HOST].clear()
                self._lose_board()
            case Kind.LOSE_PORT:
                self._lose_port()
            case Kind.MOVE_PORT:
                self._move_port()

    def _follow_board(self) -> None:
        """Go on with the board's port, which may be another one now."""
        if self._board_end is None or self._board.url != self._board_end.url:
            self._lose_board()
            self._board_end = end_of_board(self._board.url)

    def _lose_board(self) -> None:
        if self._board_end is not None:
            self._lose(self._board_end)

    def _lose_port(self) -> None:
        self.url = None
        if self._host_end is not None:
            self._lose(self._host_end)

    def _move_port(self) -> None:
        """The new name is there before the old one goes, so that who loses the old one finds it."""
        old, self._host_end = self._host_end, end_for_host(self._board.url)
        self.url = self._host_end.url
        if old is not None:
            old.close()


def bring_into_step(end: End) -> None:
    """Say hello to the board until it answers the last one; after that nothing is on its way.

    Raises:
        LinkError: if it does not answer.
        OSError: if its port goes away.
    """
    reader = FrameReader()
    give_up = time.monotonic() + _STEP_SECONDS
    while time.monotonic() < give_up:
        token = os.urandom(TOKEN_BYTES)
        end.write(DELIMITER + encode(to_frame(Hello(token), 0)))
        while time.monotonic() < give_up and select.select([end], [], [], _ASK_AGAIN_SECONDS)[0]:
            for frame in reader.feed(end.read()):
                reply = read_reply(frame)
                if isinstance(reply, HelloReply) and reply.token == token:
                    return
    raise LinkError(f"the board on {end.url} does not answer before anything went wrong")
