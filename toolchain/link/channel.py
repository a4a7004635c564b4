"""Requests out, replies in: one serial port, and the one way to ask for something until it is answered."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import serial

from toolchain.link.counts import LOST_FRAME, Counts
from toolchain.link.frames import DELIMITER, FrameReader, encode
from toolchain.link.port import PortError, open_port
from toolchain.link.protocol import Error, ErrorCode, Live, Message, Tap, read_reply, to_frame
from toolchain.link.starts import Starts, is_announcement
from toolchain.link.timing import Deadline, RoundTrip

ReplyT = TypeVar("ReplyT")

#: Taken from the port at once.
_READ_BYTES = 4096


class Refused(Exception):
    """The board answered a request with an error other than `LOST_FRAME`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code

    def __str__(self) -> str:
        known = self.code in ErrorCode.__members__.values()
        return ErrorCode(self.code).name.lower().replace("_", " ") if known else f"error {self.code}"


class BoardRestarted(Exception):
    """The board has started anew: it knows nothing of what it was working on, and may run something else."""


@dataclass(frozen=True)
class Sent:
    """A request on its way."""

    sequence: int
    wire_bytes: int
    time: float


@dataclass(frozen=True)
class Received:
    """A well-formed reply, and the sequence of the request it answers."""

    sequence: int
    reply: Message


class Channel:
    """One open port to a board.

    Raises:
        PortError: from every method, if the port cannot be opened, or has gone.
    """

    def __init__(self, url: str, baud: int, timeout: float) -> None:
        self.url = url
        self.round_trip = RoundTrip()
        #: Bytes came in, whatever they were: tells a silent line from a foreign one.
        self.heard_bytes = False
        self.starts = Starts()
        self.counts = Counts()
        #: The board has said hello and is what it should be. A start ends that, and everybody is told of it once.
        self.in_session = False
        #: Rows of a tapped layer and live results come unasked, between the replies; they go here.
        self.on_tap: Callable[[Tap], None] = lambda tap: None
        self.on_live: Callable[[Live], None] = lambda live: None
        self._port = open_port(url, baud, write_seconds=timeout)
        self._reader = FrameReader()
        self._received: deque[Received] = deque()
        self._sequence = 0

    def close(self) -> None:
        """Close the port; closing it twice does no harm."""
        self._port.close()

    def send(self, request: Message, *, delimit: bool = False) -> Sent:
        """Send one request; ``delimit`` first ends whatever damaged frame the board may be in."""
        self._sequence = (self._sequence + 1) % 256
        wire = (DELIMITER if delimit else b"") + encode(to_frame(request, self._sequence))
        try:
            self._port.write(wire)
        except (serial.SerialException, OSError) as error:
            raise PortError(f"the port {self.url} takes no more bytes: {error}") from error
        self.counts.sent += 1
        return Sent(self._sequence, len(wire), time.monotonic())

    def receive(self, seconds: float) -> Received | None:
        """Return the next well-formed reply, or None if none comes in ``seconds``.

        Raises:
            BoardRestarted: at the announcement of a start in a session, which is over then.
        """
        end = time.monotonic() + seconds
        while not self._received:
            self._read()
            if not self._received and time.monotonic() > end:
                return None
        received = self._received.popleft()
        self.starts.take_reply(received.reply)
        if self.in_session and is_announcement(received.sequence, received.reply):
            self.in_session = False
            raise BoardRestarted
        return received

    def is_over(self, end: float) -> bool:
        """Whether a wait until ``end`` is over, after a reply that answers nothing: not before the others are seen."""
        return time.monotonic() > end and not self._received

    def _read(self) -> None:
        try:
            data = self._port.read(_READ_BYTES)
        except (serial.SerialException, OSError) as error:
            raise PortError(f"the port {self.url} has gone: {error}") from error
        self.heard_bytes = self.heard_bytes or bool(data)
        self.starts.take_bytes(data)
        for frame in self._reader.feed(data):
            reply = read_reply(frame)
            if isinstance(reply, Tap):
                self.on_tap(reply)
            elif isinstance(reply, Live):
                self.on_live(reply)
            elif reply is not None:
                self.counts.take_reply(frame.sequence, reply)
                self._received.append(Received(frame.sequence, reply))

    def ask(
        self,
        request: Message,
        accept: Callable[[Message], ReplyT | None],
        deadline: Deadline,
    ) -> ReplyT:
        """Send ``request`` again and again until a reply to it is accepted.

        Args:
            request: one that may be repeated.
            accept: returns the reply if it is the one wanted, else None.
            deadline: checked at every step.

        Raises:
            Refused: if the board answers it with an error.
            BoardRestarted: as `receive`.
            NoProgress: if the deadline passes, whatever else comes in meanwhile.
        """
        sent: dict[int, Sent] = {}
        silences = 0
        while True:
            deadline.check()
            self.counts.repeated += bool(sent)
            attempt = self.send(request, delimit=True)
            sent[attempt.sequence] = attempt
            end = time.monotonic() + min(self.round_trip.silence(silences), deadline.left)
            while True:
                received = self.receive(end - time.monotonic())
                if received is None:
                    silences += 1
                    break
                reply, answered = received.reply, sent.get(received.sequence)
                if isinstance(reply, Error) and reply.code in LOST_FRAME:
                    break
                if answered is not None and isinstance(reply, Error):
                    raise Refused(reply.code)
                wanted = accept(reply) if answered is not None else None
                if answered is not None and wanted is not None:
                    self.round_trip.measured(time.monotonic() - answered.time)
                    return wanted
                if self.is_over(end):
                    silences += 1
                    break
