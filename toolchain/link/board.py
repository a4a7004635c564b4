"""A board as the host sees it: who it is, what it makes of a clip, how much memory it takes."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from toolchain.audio.statistics import WindowStatistics
from toolchain.errors import LinkError
from toolchain.link.channel import BoardRestarted, Channel, Refused, ReplyT
from toolchain.link.counts import Counts
from toolchain.link.health import describe_reset
from toolchain.link.live import Listening
from toolchain.link.protocol import (
    NO_LAYER,
    PROTOCOL_VERSION,
    TOKEN_BYTES,
    Begin,
    ErrorCode,
    Health,
    HealthReply,
    Hello,
    HelloReply,
    ImageState,
    Listen,
    Memory,
    MemoryReply,
    Message,
    Profile,
    ProfileReply,
    Result,
    Source,
    Tap,
    WindowNormaliser,
)
from toolchain.link.starts import RESET_LOOP_STARTS, Starts
from toolchain.link.timing import Deadline, NoProgress
from toolchain.link.transfer import Transfer

#: Seconds without progress after which any request fails.
DEFAULT_TIMEOUT = 5.0

#: How often one window may be begun again because the board restarted, or because rows of a tap were lost.
_RESTARTS = 3
_TAP_RUNS = 4

#: Seconds in which a board that restarts again and again may say why.
_REASON_SECONDS = 1.0

_NUMBER_BYTES = 4


@dataclass(frozen=True)
class BoardResult:
    """What the board made of one window.

    Attributes:
        values: int32 (3,): arousal, dominance, valence in Q16 (65536 is 1.0).
        ticks: what the engine took, in ticks of the board's counter.
    """

    values: NDArray[np.int32]
    ticks: int


@dataclass(frozen=True)
class _Firmware:
    """What a board has to run."""

    build_id: bytes
    model_hash: bytes


class Board:
    """A session with the board on one port. A context manager.

    A board that starts again in a session is asked what it is before anything else: it may run another image now.

    Args:
        url: a device or URL, see `toolchain.link.port.open_port`.
        baud: bits per second where the port is a real one.
        timeout: seconds without progress after which any request fails.
        entropy: gives so many random bytes, for tokens and numbers of windows.

    Raises:
        LinkError: from the constructor if the port cannot be opened; from every method if the board does not
            answer in time, is not the expected one, or the port goes away.
    """

    def __init__(
        self,
        url: str,
        *,
        baud: int = 115200,
        timeout: float = DEFAULT_TIMEOUT,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._url = url
        self._entropy = entropy
        self._timeout = timeout
        self._hello: HelloReply | None = None
        self._required: _Firmware | None = None
        self._has_run_window = False  # since the last hello
        self._channel = Channel(url, baud, timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the port."""
        self._channel.close()

    @property
    def counts(self) -> Counts:
        """What has gone to the board and come back so far."""
        return replace(self._channel.counts)

    def hello(self) -> HelloReply:
        """Ask the board what it is; brings the line into step whatever was on it before.

        Raises:
            LinkError: if it is not what an earlier `require` has named, too.
        """
        return self._greet(self._required)

    def _greet(self, expected: _Firmware | None) -> HelloReply:
        """Say hello, and refuse a board that runs anything but what is expected."""
        self._channel.in_session = False
        reply = self._ask_hello()
        if expected is not None:
            self._refuse_other(reply, expected)
        self._hello = reply
        self._has_run_window = False
        self._channel.in_session = True
        return reply

    def _in_session(self) -> HelloReply:
        """The hello of the board; one that has started since must run what it ran before."""
        if self._hello is None:
            return self.hello()
        return self._hello if self._channel.in_session else self._greet_again(self._hello)

    def _greet_again(self, earlier: HelloReply) -> HelloReply:
        return self._greet(self._required or _Firmware(earlier.build_id, earlier.model_hash))

    def _ask_hello(self) -> HelloReply:
        request = Hello(self._entropy(TOKEN_BYTES))

        def accept(reply: Message) -> HelloReply | None:
            return reply if isinstance(reply, HelloReply) and reply.token == request.token else None

        deadline = Deadline(self._timeout, f"no board answered on {self._url}", "is this firmware on the board?")
        self._channel.round_trip.patient = False
        try:
            reply = self._first_answer(request, accept, deadline)
        except NoProgress as error:
            self._explain_silence(error)
            raise
        if reply.version != PROTOCOL_VERSION:
            raise LinkError(
                f"the board on {self._url} speaks version {reply.version} of the link, not {PROTOCOL_VERSION}",
                "flash the board again",
            )
        if reply.ticks_hz == 0:
            raise LinkError(
                f"the board on {self._url} says that its counter has no ticks per second", "flash the board again"
            )
        return reply

    def require(self, *, build_id: bytes, model_hash: bytes) -> HelloReply:
        """Say hello, and refuse a board that runs anything but this build of this model, now and after every restart.

        Raises:
            LinkError: naming both builds or both models.
        """
        self._required = _Firmware(build_id, model_hash)
        return self.hello()

    def _refuse_other(self, reply: HelloReply, expected: _Firmware) -> None:
        for what, theirs, ours in (
            ("model", reply.model_hash, expected.model_hash),
            ("build", reply.build_id, expected.build_id),
        ):
            if theirs != ours:
                raise LinkError(
                    f"the board on {self._url} runs {what} {theirs.hex()} ({reply.model} for {reply.target}), "
                    f"not the {what} at hand, {ours.hex()}",
                    "flash the board again",
                )

    def infer(
        self,
        pcm: NDArray[np.int16],
        statistics: WindowStatistics | None = None,
        *,
        normaliser: WindowNormaliser = WindowNormaliser.WINDOW,
        exact_ticks: bool = False,
        on_progress: Callable[[int], None] = lambda samples: None,
    ) -> BoardResult:
        """Run one window on the board.

        Args:
            pcm: int16 (N,), 16 kHz mono.
            statistics: its sums; computed where not given.
            normaliser: what normalises it; a running one has heard nothing before.
            exact_ticks: send nothing while the board computes, so that no receive interrupt is counted among
                the engine's ticks. Slower, and slower still to recover from damage.
            on_progress: called with the number of samples the board has taken.

        Raises:
            LinkError: if there is no result of exactly this audio.
        """
        request = _WindowRequest(
            pcm, statistics or WindowStatistics.of(pcm), normaliser=normaliser, exact_ticks=exact_ticks
        )
        result = self._run(request, on_progress=on_progress)
        values = np.array([result.arousal, result.dominance, result.valence], dtype=np.int32)
        return BoardResult(values, result.ticks)

    def tap(
        self, layer: int, pcm: NDArray[np.int16], normaliser: WindowNormaliser = WindowNormaliser.WINDOW
    ) -> NDArray[np.int8]:
        """Run one window and return the rows of one layer.

        Args:
            layer: index into the student's ``layer_names``.
            pcm: int16 (N,), 16 kHz mono.
            normaliser: as for `infer`.

        Returns:
            int8 (rows, bytes of a row); the rows of "pooled" are int32, little-endian.

        Raises:
            LinkError: as `infer`, or if rows stay missing.
        """
        request = _WindowRequest(pcm, WindowStatistics.of(pcm), tapped_layer=layer, normaliser=normaliser)
        rows: dict[int, bytes] = {}
        for _ in range(_TAP_RUNS):
            result = self._run(request, on_row=lambda tap: rows.__setitem__(tap.row, tap.data))
            if len(rows) == result.tapped_rows == max(rows, default=-1) + 1:
                return _stacked([rows[index] for index in sorted(rows)])
        raise LinkError(f"rows of layer {layer} were lost on the line in {_TAP_RUNS} runs")

    def listen(self, samples: int, source: Source) -> Listening:
        """Begin to listen; the context that is returned gives the results, and stops listening when it ends.

        Args:
            samples: window of each result; windows follow one another without a gap.
            source: the board's microphone, or the host in its place.

        Raises:
            LinkError: if the board has no microphone, the window is too short or too long, or there is no answer.
        """
        for _ in range(1 + _RESTARTS):
            hello = self._in_session()
            self._channel.round_trip.patient = False
            try:
                return Listening(self._channel, hello, Listen(self._number(), samples, source), self._timeout)
            except BoardRestarted:
                self._channel.in_session = False
        raise self._restarted_again("request")

    def memory(self) -> MemoryReply:
        """Ask how much memory the firmware takes, with the most its stack has ever held."""
        deadline = Deadline(self._timeout, f"the board on {self._url} did not say how much memory it takes")
        return self._ask(Memory(), lambda reply: reply if isinstance(reply, MemoryReply) else None, deadline)

    def health(self) -> HealthReply:
        """Ask whether the image in the board's flash is sound, which is checked anew, and what ended the run before.

        A damaged image is no error here: everything else it would be asked is refused.

        Raises:
            LinkError: if there is no answer, or one that this version does not know.
        """
        health = self._ask_health(self._timeout)
        if health.image not in ImageState.__members__.values():
            raise LinkError(
                f"the board on {self._url} says of its image what is not known: {health.image}", "flash the board again"
            )
        return health

    def _ask_health(self, seconds: float) -> HealthReply:
        deadline = Deadline(seconds, f"the board on {self._url} did not say whether it is sound")
        while True:
            try:
                return self._answer(Health(), lambda reply: reply if isinstance(reply, HealthReply) else None, deadline)
            except BoardRestarted:  # told of once; the next request says hello first
                continue

    def profile(self) -> tuple[int, ...]:
        """Ask how many ticks of the last window each layer took, in the order of the student's ``layer_names``.

        Raises:
            LinkError: if there is no answer, or the image was not built to be profiled.
        """
        deadline = Deadline(self._timeout, f"the board on {self._url} did not say how long its layers took")
        reply = self._ask(Profile(), lambda reply: reply if isinstance(reply, ProfileReply) else None, deadline)
        return reply.ticks

    def _number(self) -> int:
        """A number for a window or a listening that none had before."""
        return int.from_bytes(self._entropy(_NUMBER_BYTES), "little")

    def _first_answer(
        self, request: Hello, accept: Callable[[Message], HelloReply | None], deadline: Deadline
    ) -> HelloReply:
        self._channel.heard_bytes = False
        self._channel.starts = Starts()
        while True:
            try:
                return self._channel.ask(request, accept, deadline)
            except Refused as error:
                if error.code == ErrorCode.IMAGE_DAMAGED:
                    raise self._damaged() from error
                # Otherwise it is an answer to what somebody else has asked before.

    def _explain_silence(self, error: NoProgress) -> None:
        """Raise an error that says more than that no board answered, where something was heard."""
        starts = self._channel.starts.count
        if starts >= RESET_LOOP_STARTS:
            raise LinkError(
                f"the board on {self._url} restarts again and again: {starts} times within {self._timeout:g} s",
                "its power is weak, or its firmware is damaged or crashes at start: flash the board again",
            ) from error
        if self._channel.heard_bytes:
            hint = "wrong baud rate, or other firmware: flash the board again"
            raise LinkError(f"{error.message}, though bytes come in", hint) from error

    def _ask(
        self, request: Message, accept: Callable[[Message], ReplyT | None], deadline: Deadline
    ) -> ReplyT:
        """Ask for what a board only knows as long as it runs."""
        self._in_session()
        try:
            return self._answer(request, accept, deadline)
        except BoardRestarted:
            raise LinkError(
                f"the board on {self._url} restarted before it answered{self._reason()}", "check its power supply"
            ) from None

    def _answer(
        self, request: Message, accept: Callable[[Message], ReplyT | None], deadline: Deadline
    ) -> ReplyT:
        try:
            return self._channel.ask(request, accept, deadline)
        except Refused as error:
            if error.code == ErrorCode.IMAGE_DAMAGED:
                raise self._damaged() from error
            raise LinkError(f"the board on {self._url} refused a request: {error}") from error

    def _damaged(self) -> LinkError:
        return LinkError(
            f"the image in the flash of the board on {self._url} is damaged: its checksum is not that of its content",
            "flash the board again",
        )

    def _run(
        self,
        request: "_WindowRequest",
        *,
        on_progress: Callable[[int], None] = lambda samples: None,
        on_row: Callable[[Tap], None] = lambda tap: None,
    ) -> Result:
        """Run one window; begin again if the board restarts in the middle of it.

        Every window begins with a hello: an announcement of a start between two windows may have been lost.
        """
        for _ in range(1 + _RESTARTS):
            hello = self._in_session()
            if self._has_run_window:
                hello = self._greet_again(hello)
            self._has_run_window = True
            self._channel.round_trip.patient = request.exact_ticks
            begin = request.begin(self._number())
            self._channel.on_tap = _rows_of(begin, on_row)
            transfer = Transfer(
                self._channel, hello, begin, request.pcm_bytes, self._timeout, request.exact_ticks, on_progress
            )
            try:
                return transfer.run()
            except BoardRestarted:
                self._channel.counts.restarts += 1
                self._channel.in_session = False
        raise self._restarted_again("clip")

    def _restarted_again(self, what: str) -> LinkError:
        self._in_session()
        reason = self._reason()
        return LinkError(
            f"the board on {self._url} restarted {1 + _RESTARTS} times in the middle of one {what}"
            + (f", the last time{reason}" if reason else ""),
            f"its firmware crashes on this {what}" if reason else "check its power supply",
        )

    def _reason(self) -> str:
        """What ended the board's run before this one: "" if that was no fault, or it does not say so soon."""
        try:
            reason = describe_reset(self._ask_health(min(self._timeout, _REASON_SECONDS)))
        except NoProgress:
            return ""
        return f" by {reason}" if reason else ""


@dataclass(frozen=True)
class _WindowRequest:
    """One window to be run, as often as it takes."""

    pcm: NDArray[np.int16]
    statistics: WindowStatistics
    tapped_layer: int = NO_LAYER
    normaliser: WindowNormaliser = WindowNormaliser.WINDOW
    exact_ticks: bool = False

    @property
    def pcm_bytes(self) -> bytes:
        return self.pcm.astype("<i2").tobytes()

    def begin(self, number: int) -> Begin:
        """The request that opens it, under a number that no window had before."""
        return Begin(
            window=number,
            samples=len(self.pcm),
            sum=self.statistics.sum,
            sum_squares=self.statistics.sum_squares,
            tapped_layer=self.tapped_layer,
            normaliser=self.normaliser,
        )


def _rows_of(begin: Begin, on_row: Callable[[Tap], None]) -> Callable[[Tap], None]:
    """Let only rows of this window through: the line may still hold some of an earlier one."""

    def on_tap(tap: Tap) -> None:
        if (tap.window, tap.layer) == (begin.window, begin.tapped_layer):
            on_row(tap)

    return on_tap


def _stacked(rows: list[bytes]) -> NDArray[np.int8]:
    try:
        return np.array([np.frombuffer(row, dtype=np.int8) for row in rows], dtype=np.int8)
    except ValueError as error:
        raise LinkError("the board sent rows of different lengths for one layer") from error
