"""Live audio: a result for every window, while the microphone, or the host in its place, goes on.

A microphone waits for nobody, and so audio in real time is not acknowledged (docs/wire-format.md, "Live"). What is on
its way is known from asking the board every now and then where it stands.
"""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from toolchain.errors import LinkError
from toolchain.link.channel import LOST_FRAME, BoardRestarted, Channel, Received, Refused
from toolchain.link.frames import longest_wire
from toolchain.link.protocol import Error, ErrorCode, HelloReply, Listen, Live, Message, Samples, Source, Stop
from toolchain.link.protocol import Listening as Progress
from toolchain.link.timing import Deadline
from toolchain.link.transfer import samples_per_frame
from toolchain.model_names import SAMPLE_RATE

#: Offsets are counted modulo 2^32 (74 hours).
_OFFSETS = 1 << 32

_HINT = "check cable and power, then try again"

#: Seconds of audio that may be on a slow line before the host drops some, as a microphone's buffer would.
_LONGEST_LAG = 0.25

#: Seconds between two questions where the board stands: while it is fed in real time, while it is waited for, and
#: while it hears its own microphone.
_ASK_EVERY = 0.05
_ASK_SOON = 0.005
_ASK_SELDOM = 1.0

#: Seconds to wait for something to come in before looking at the clock again: half a frame.
_WAIT = 0.004


@dataclass(frozen=True)
class LiveResult:
    """What the board made of one window.

    Attributes:
        index: windows since the start, this one not counted.
        values: int32 (3,): arousal, dominance, valence in Q16 (65536 is 1.0).
        samples: length of the window.
        pcm_crc: CRC-32 of its samples, little-endian int16.
        dropped: samples lost since the start: on the line, or because the board was busy.
        ticks: what the engine took, in ticks of the board's counter.
        lost_results: results lost on the line just before this one.
    """

    index: int
    values: NDArray[np.int32]
    samples: int
    pcm_crc: int
    dropped: int
    ticks: int
    lost_results: int


class Listening:
    """One listening of a board that has said hello, from its start to `stop`.

    Args:
        channel: an open channel to the board.
        board: its hello.
        request: what to listen to, under a number of its own.
        timeout: seconds without progress after which to give up.

    Raises:
        LinkError: from every method, if the board refuses, does not answer in time, restarts, says what cannot be, or
            the port goes away.
        BoardRestarted: from the constructor, if the board has started before it begins to listen.
    """

    def __init__(self, channel: Channel, board: HelloReply, request: Listen, timeout: float) -> None:
        self._channel = channel
        self._request = request
        self._timeout = timeout
        self._frame_samples = samples_per_frame(board)
        self._frame_bytes = longest_wire(board.content_limit)
        self._credit = board.credit
        self._is_over = False
        self._is_fed = False  # by `results_of`, and nobody else
        self._results: deque[LiveResult] = deque()
        self._next_index = 0
        self._fed = 0  # samples of the listening that were sent, or dropped in their place
        self._sent_to = 0  # end of the last frame that was sent
        self._arrived = 0  # end of the last frame that has arrived, or never will
        self._taken = 0  # offset of the first sample that the engine has not taken
        self._questions: dict[int, int] = {}  # on their way: what was sent before them, by sequence
        self._asked = 0.0  # when the last one was
        channel.on_live = self._take_live
        self._deadline = Deadline(timeout, f"the board on {channel.url} did not begin to listen", _HINT)
        try:
            self._progress = channel.ask(request, self._of_this_listening, self._deadline)
        except Refused as error:
            raise LinkError(
                f"the board on {channel.url} refused to listen in windows of {request.samples:,} samples: {error}",
                "feed it from the host" if error.code == ErrorCode.NO_MICROPHONE else "",
            ) from error
        self._moved()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            self.stop()
        elif not isinstance(error, LinkError):
            with suppress(LinkError):  # Ctrl-C may have ended an emulated board, too
                self.stop()

    @property
    def dropped(self) -> int:
        """Samples lost since the start, as far as is known; after `stop`, those at the very end included."""
        unnoticed = _distance(self._progress.next, self._fed) if self._is_over else 0
        return self._progress.dropped + unnoticed

    @property
    def fed(self) -> int:
        """Samples since the start that the host has sent, or dropped because the line was too slow."""
        return self._fed

    def stop(self) -> None:
        """Let the board stop listening."""
        deadline = Deadline(self._timeout, f"the board on {self._channel.url} did not stop listening", _HINT)
        try:
            self._progress = self._channel.ask(
                Stop(self._request.listening), self._of_this_listening, deadline
            )
        except Refused as error:
            raise LinkError(f"the board on {self._channel.url} refused to stop listening: {error}") from error
        except BoardRestarted:
            raise self._restarted() from None
        finally:
            self._channel.on_live = lambda live: None
        self._is_over = self._request.source == Source.HOST

    def results(self) -> Iterator[LiveResult]:
        """Yield the results of the board's own microphone, for ever."""
        while True:
            self._ask_every(_ASK_SELDOM)
            yield from self._received()

    def results_of(self, audio: Iterable[NDArray[np.int16]], *, real_time: bool = True) -> Iterator[LiveResult]:
        """Feed the board and yield its results; end when it has heard everything.

        Args:
            audio: int16 arrays of any length, 16 kHz mono, heard one after the other without a gap.
            real_time: send as a microphone would, and drop what the line is too slow for; otherwise as fast as the
                board takes it, so that nothing is dropped.
        """
        feed = _Feed(audio)
        self._is_fed = True
        start = time.monotonic() - self._fed / SAMPLE_RATE
        while not feed.is_over:
            if real_time:
                self._send_what_is_due(feed, int((time.monotonic() - start) * SAMPLE_RATE))
            else:
                self._send_what_fits(feed)
            self._ask_every(_ASK_EVERY if real_time else _ASK_SOON)
            yield from self._received()
        while self._arrived != self._sent_to or self._progress.waiting > 0:
            self._ask_every(_ASK_SOON)
            yield from self._received()

    def _send_what_is_due(self, feed: "_Feed", due: int) -> None:
        while self._fed + self._frame_samples <= due and not feed.is_over:
            pcm = feed.take(self._frame_samples)
            if self._sent_to - self._arrived <= _LONGEST_LAG * SAMPLE_RATE:
                self._send(pcm)
            self._fed += len(pcm)

    def _send_what_fits(self, feed: "_Feed") -> None:
        room = min(self._progress.room, max(1, self._credit // self._frame_bytes) * self._frame_samples)
        while self._sent_to - self._arrived + self._progress.waiting + self._frame_samples <= room and not feed.is_over:
            pcm = feed.take(self._frame_samples)
            self._send(pcm)
            self._fed += len(pcm)

    def _send(self, pcm: NDArray[np.int16]) -> None:
        self._channel.send(Samples(self._request.listening, self._fed % _OFFSETS, pcm.astype("<i2").tobytes()))
        self._sent_to = self._fed + len(pcm)

    def _ask_every(self, seconds: float) -> None:
        """Ask where the board stands, but not before a question on its way must have got lost."""
        now = time.monotonic()
        wait = max(seconds, self._channel.round_trip.silence()) if self._questions else seconds
        if now - self._asked > wait:
            self._questions[self._channel.send(self._request).sequence] = self._sent_to
            self._asked = now

    def _received(self) -> Iterator[LiveResult]:
        """Take in what the board says and yield the results among it."""
        try:
            received = self._channel.receive(_WAIT)
        except BoardRestarted:
            raise self._restarted() from None
        if received is not None:
            self._take(received)
        if not self._results:
            self._deadline.check()
        while self._results:
            yield self._results.popleft()
            self._moved()  # whatever time the taker of the result took

    def _take(self, received: Received) -> None:
        reply = received.reply
        if isinstance(reply, Error) and reply.code not in LOST_FRAME:
            raise self._explained(reply.code)
        progress = self._of_this_listening(reply)
        if progress is None:
            return
        self._arrived = self._questions.pop(received.sequence, self._arrived)
        self._questions = {asked: sent for asked, sent in self._questions.items() if sent > self._arrived}
        if _distance(self._progress.next, progress.next) < 0:
            raise self._restarted()
        if self._is_fed and _distance(self._fed, progress.next) > 0:
            raise self._impossible(f"{progress.next:,} samples of a listening of {self._fed:,}")
        self._take_progress(progress)

    def _take_progress(self, progress: Progress) -> None:
        """What counts is how far it has ever been: a board that goes round in circles makes no progress."""
        taken = (progress.next - progress.waiting) % _OFFSETS
        if _distance(self._progress.next, progress.next) > 0 or _distance(self._taken, taken) > 0:
            self._moved()
        if _distance(self._taken, taken) > 0:
            self._taken = taken
        self._progress = progress

    def _take_live(self, live: Live) -> None:
        if live.listening != self._request.listening:
            return
        if live.index < self._next_index:  # it took a question for a new listening
            raise self._restarted()
        if live.samples != self._request.samples:
            raise self._impossible(f"a result of {live.samples:,} samples in windows of {self._request.samples:,}")
        if self._is_fed and (live.index + 1) * live.samples > self._fed:
            raise self._impossible(f"{live.index + 1:,} results of a listening of {self._fed:,} samples")
        values = np.array([live.arousal, live.dominance, live.valence], dtype=np.int32)
        lost = live.index - self._next_index
        self._results.append(
            LiveResult(live.index, values, live.samples, live.pcm_crc, live.dropped, live.ticks, lost)
        )
        self._next_index = live.index + 1
        self._moved()

    def _moved(self) -> None:
        self._deadline.progress(
            f"the board on {self._channel.url} stopped listening after {self._next_index} results: no progress"
        )

    def _of_this_listening(self, reply: Message) -> Progress | None:
        return reply if isinstance(reply, Progress) and reply.listening == self._request.listening else None

    def _explained(self, code: int) -> LinkError:
        if code == ErrorCode.NO_SUCH_WINDOW:
            return self._restarted()
        return LinkError(f"the board on {self._channel.url} refused live audio: {Refused(code)}")

    def _impossible(self, what: str) -> LinkError:
        return LinkError(f"the board on {self._channel.url} says it has {what}", "flash the board again")

    def _restarted(self) -> LinkError:
        self._channel.in_session = False
        return LinkError(
            f"the board on {self._channel.url} restarted while it listened",
            "check its power supply; if that is sound, its firmware crashes on this audio",
        )


def _distance(earlier: int, later: int) -> int:
    """Samples from one offset to another, either of which may have wrapped round."""
    return (later - earlier + _OFFSETS // 2) % _OFFSETS - _OFFSETS // 2


class _Feed:
    """A stream of samples, taken in pieces of any size."""

    def __init__(self, audio: Iterable[NDArray[np.int16]]) -> None:
        self._audio = iter(audio)
        self._held: NDArray[np.int16] = np.zeros(0, np.int16)
        self.is_over = False
        self._hold(1)

    def take(self, count: int) -> NDArray[np.int16]:
        """The next ``count`` samples; fewer at the end, and at least one."""
        self._hold(count + 1)
        taken, self._held = self._held[:count], self._held[count:]
        self.is_over = len(self._held) == 0
        return taken

    def _hold(self, count: int) -> None:
        while len(self._held) < count:
            following = next(self._audio, None)
            if following is None:
                break
            self._held = np.concatenate((self._held, following))
        self.is_over = len(self._held) == 0
