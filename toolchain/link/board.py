"""A board as the host sees it: who it is, what it makes of a clip, how much memory it takes."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from toolchain.audio.statistics import WindowStatistics
from toolchain.errors import LinkError
from toolchain.link.channel import BoardRestarted, Channel
from toolchain.link.counts import Counts
from toolchain.link.live import Listening
from toolchain.link.protocol import (
    NO_LAYER,
    Begin,
    HealthReply,
    HelloReply,
    ImageState,
    Listen,
    Memory,
    MemoryReply,
    Profile,
    ProfileReply,
    Result,
    Source,
    Tap,
    WindowNormaliser,
)
from toolchain.link.session import Session
from toolchain.link.timing import Deadline
from toolchain.link.transfer import Transfer

#: Seconds without progress after which any request fails.
DEFAULT_TIMEOUT = 5.0

#: How often one window may be begun again because the board restarted, or because rows of a tap were lost.
_RESTARTS = 3
_TAP_RUNS = 4

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
        self._channel = Channel(url, baud, timeout)
        self._session = Session(self._channel, timeout, entropy)

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
        return self._session.hello()

    def require(self, *, build_id: bytes, model_hash: bytes) -> HelloReply:
        """Say hello, and refuse a board that runs anything but this build of this model, now and after every restart.

        Raises:
            LinkError: naming both builds or both models.
        """
        return self._session.require(build_id=build_id, model_hash=model_hash)

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
            hello = self._session.board()
            self._channel.round_trip.patient = False
            try:
                return Listening(self._channel, hello, Listen(self._number(), samples, source), self._timeout)
            except BoardRestarted:
                self._channel.in_session = False
        raise self._session.restarted_again("request", 1 + _RESTARTS)

    def memory(self) -> MemoryReply:
        """Ask how much memory the firmware takes, with the most its stack has ever held."""
        deadline = Deadline(self._timeout, f"the board on {self._url} did not say how much memory it takes")
        return self._session.ask(Memory(), lambda reply: reply if isinstance(reply, MemoryReply) else None, deadline)

    def health(self) -> HealthReply:
        """Ask whether the image in the board's flash is sound, which is checked anew, and what ended the run before.

        A damaged image is no error here: everything else it would be asked is refused.

        Raises:
            LinkError: if there is no answer, or one that this version does not know.
        """
        health = self._session.health(self._timeout)
        if health.image not in ImageState.__members__.values():
            raise LinkError(
                f"the board on {self._url} says of its image what is not known: {health.image}", "flash the board again"
            )
        return health

    def profile(self) -> tuple[int, ...]:
        """Ask how many ticks of the last window each layer took, in the order of the student's ``layer_names``.

        Raises:
            LinkError: if there is no answer, or the image was not built to be profiled.
        """
        deadline = Deadline(self._timeout, f"the board on {self._url} did not say how long its layers took")
        reply = self._session.ask(Profile(), lambda reply: reply if isinstance(reply, ProfileReply) else None, deadline)
        return reply.ticks

    def _number(self) -> int:
        """A number for a window or a listening that none had before."""
        return int.from_bytes(self._entropy(_NUMBER_BYTES), "little")

    def _run(
        self,
        request: "_WindowRequest",
        *,
        on_progress: Callable[[int], None] = lambda samples: None,
        on_row: Callable[[Tap], None] = lambda tap: None,
    ) -> Result:
        """Run one window; begin again if the board restarts in the middle of it."""
        for _ in range(1 + _RESTARTS):
            hello = self._session.board_for_window()
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
        raise self._session.restarted_again("clip", 1 + _RESTARTS)


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
