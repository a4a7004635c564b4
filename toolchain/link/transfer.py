"""One window's way to the board and its result's way back (docs/wire-format.md, "Session")."""

import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from toolchain.errors import LinkError
from toolchain.link.channel import LOST_FRAME, BoardRestarted, Channel, Received, Refused, Sent
from toolchain.link.frames import CRC_BYTES, HEADER_BYTES, longest_wire
from toolchain.link.protocol import (
    Ack,
    Audio,
    Begin,
    End,
    Error,
    ErrorCode,
    HelloReply,
    Message,
    Result,
    ResultStatus,
)
from toolchain.link.timing import Deadline

BYTES_PER_SAMPLE = 2


@dataclass(frozen=True)
class _InFlight:
    """An AUDIO frame that has not been answered; ``end`` is the offset after its last sample."""

    sent: Sent
    end: int


class Transfer:
    """Streams one window, repairs what the line damages, and returns a result that is of this very audio.

    Args:
        channel: an open channel to a board that has said hello.
        board: its hello.
        begin: the window: a number of its own, its length, its sums.
        pcm: its samples, PCM16 little-endian.
        timeout: seconds without progress after which to give up.
        one_at_a_time: leave the line silent while the board computes, so that no receive interrupt is
            counted among the engine's ticks.
        on_progress: called with the number of samples the board has taken.
    """

    def __init__(
        self,
        channel: Channel,
        board: HelloReply,
        begin: Begin,
        pcm: bytes,
        timeout: float,
        one_at_a_time: bool,
        on_progress: Callable[[int], None],
    ) -> None:
        self._channel = channel
        self._begin = begin
        self._pcm = pcm
        self._credit = 0 if one_at_a_time else board.credit
        self._frame_samples = samples_per_frame(board)
        self._longest_frame = longest_wire(board.content_limit)
        self._on_progress = on_progress
        self._in_flight: deque[_InFlight] = deque()
        self._to_send = 0  # offset of the next sample to put on the wire
        self._acknowledged = 0  # offset of the first sample the board does not have
        self._deadline = Deadline(timeout, self._stopped_at(0), "check cable and power, then try again")

    def run(self) -> Result:
        """Send the window and return its result.

        Raises:
            BoardRestarted: if the board lost the window, or says that it has started.
            LinkError: if it stops answering, refuses the window or received other audio than was sent.
        """
        try:
            self._synchronise()
            while True:
                self._stream()
                end = End(self._begin.window)
                reply = self._channel.ask(end, self._of_this_window, self._deadline)
                if isinstance(reply, Result):
                    return self._checked(reply)
                if isinstance(reply, Ack):  # some audio is missing
                    self._continue_at(reply.next)
        except Refused as error:
            raise self._explained(error) from error

    def _of_this_window(self, reply: Message) -> Ack | Result | None:
        return reply if isinstance(reply, Ack | Result) and reply.window == self._begin.window else None

    def _ack_of_this_window(self, reply: Message) -> Ack | None:
        return reply if isinstance(reply, Ack) and reply.window == self._begin.window else None

    def _synchronise(self) -> None:
        """Open the window, or find out where the board stands in it; nothing is in flight afterwards."""
        ack = self._channel.ask(self._begin, self._ack_of_this_window, self._deadline)
        self._in_flight.clear()
        self._continue_at(ack.next)

    def _continue_at(self, offset: int) -> None:
        self._take_progress(offset)
        self._to_send = offset

    def _take_progress(self, offset: int) -> None:
        if offset < self._acknowledged:
            raise BoardRestarted
        if offset > self._begin.samples:
            raise LinkError(f"the board says it has {offset:,} samples of a window of {self._begin.samples:,}")
        if offset > self._acknowledged:
            self._acknowledged = offset
            self._deadline.progress(self._stopped_at(offset))
            self._on_progress(offset)

    def _stopped_at(self, offset: int) -> str:
        place = f"at sample {offset:,} of {self._begin.samples:,}"
        return f"the board on {self._channel.url} stopped answering {place}: no progress"

    def _stream(self) -> None:
        """Send audio until the board has all of it. Whatever goes wrong, synchronise and go on from there."""
        while self._acknowledged < self._begin.samples:
            self._deadline.check()
            self._fill()
            if not self._take_answer():
                self._channel.counts.resynchronised += 1
                self._synchronise()

    def _fill(self) -> None:
        """Put as many frames on the wire as the credit allows, one at least."""
        while self._to_send < self._begin.samples:
            in_flight = sum(frame.sent.wire_bytes for frame in self._in_flight)
            if self._in_flight and in_flight + self._longest_frame > self._credit:
                return
            end = min(self._to_send + self._frame_samples, self._begin.samples)
            pcm = self._pcm[BYTES_PER_SAMPLE * self._to_send : BYTES_PER_SAMPLE * end]
            sent = self._channel.send(Audio(self._begin.window, self._to_send, pcm))
            self._in_flight.append(_InFlight(sent, end))
            self._to_send = end

    def _take_answer(self) -> bool:
        """Wait for the answer to a frame in flight; False if there is none or it is not the expected one."""
        end = time.monotonic() + min(self._channel.round_trip.silence(), self._deadline.left)
        while True:
            received = self._channel.receive(end - time.monotonic())
            if received is None:
                return False
            is_expected = self._is_expected(received)
            if is_expected is not None:
                return is_expected
            if self._channel.is_over(end):
                return False

    def _is_expected(self, received: Received) -> bool | None:
        """Whether a reply is the expected answer, which is taken into account; None if it answers nothing in flight."""
        reply = received.reply
        if isinstance(reply, Error) and reply.code in LOST_FRAME:
            return False
        position = self._position(received.sequence)
        if position is None:
            return None  # a late answer to something that was sent before
        if isinstance(reply, Error):
            raise Refused(reply.code)
        ack = self._ack_of_this_window(reply)
        if ack is None:
            return None
        for _ in range(position):
            self._in_flight.popleft()
        answered = self._in_flight.popleft()
        if ack.next != answered.end:
            return False
        self._channel.round_trip.measured(time.monotonic() - answered.sent.time)
        self._take_progress(ack.next)
        return True

    def _position(self, sequence: int) -> int | None:
        """Place of a frame among those in flight, oldest first."""
        for position, frame in enumerate(self._in_flight):
            if frame.sent.sequence == sequence:
                return position
        return None

    def _checked(self, result: Result) -> Result:
        """Return ``result`` if it is a result of the audio that was sent."""
        if result.samples != self._begin.samples or result.pcm_crc != zlib.crc32(self._pcm):
            raise LinkError("the board received other audio than was sent; its result was thrown away")
        if result.status == ResultStatus.STATISTICS_DIFFER:
            raise LinkError("the sums of pass 1 are not those of the audio: the board gave no result")
        if result.status != ResultStatus.RIGHT:
            raise LinkError(f"the board gave no result (status {result.status})")
        return result

    def _explained(self, error: Refused) -> Exception:
        if error.code == ErrorCode.NO_SUCH_WINDOW:
            return BoardRestarted()
        if error.code == ErrorCode.STACK_OVERFLOW:
            return LinkError(
                f"the stack of the board on {self._channel.url} overflowed; its result was not given",
                "raise stack_bytes in the target file and build again",
            )
        return LinkError(f"the board refused a window of {self._begin.samples:,} samples: {error}")


def samples_per_frame(board: HelloReply) -> int:
    """Samples in the longest AUDIO or SAMPLES frame the board takes.

    Raises:
        LinkError: if there is no room for one.
    """
    room = board.content_limit - HEADER_BYTES - Audio.LAYOUT.size - CRC_BYTES
    if room < BYTES_PER_SAMPLE:
        raise LinkError(f"the board takes frames of {board.content_limit} bytes: too few for audio")
    return room // BYTES_PER_SAMPLE
