"""Whom the host speaks with: a board that starts again in a session is asked what it is before anything else."""

from collections.abc import Callable
from dataclasses import dataclass

from toolchain.errors import LinkError
from toolchain.link.channel import BoardRestarted, Channel, Refused, ReplyT
from toolchain.link.health import describe_reset
from toolchain.link.protocol import (
    PROTOCOL_VERSION,
    TOKEN_BYTES,
    ErrorCode,
    Health,
    HealthReply,
    Hello,
    HelloReply,
    Message,
)
from toolchain.link.starts import RESET_LOOP_STARTS, Starts
from toolchain.link.timing import Deadline, NoProgress

#: Seconds in which a board that restarts again and again may say why.
_REASON_SECONDS = 1.0


@dataclass(frozen=True)
class _Firmware:
    """What a board has to run."""

    build_id: bytes
    model_hash: bytes


class Session:
    """What is known of the board at the other end of a channel, and the way to ask it for what it knows while it runs.

    Args:
        channel: an open channel.
        timeout: seconds without progress after which any request fails.
        entropy: gives so many random bytes, for tokens.

    Raises:
        LinkError: from every method, if the board does not answer in time, is not the expected one, or the port goes
            away.
    """

    def __init__(self, channel: Channel, timeout: float, entropy: Callable[[int], bytes]) -> None:
        self._channel = channel
        self._url = channel.url
        self._timeout = timeout
        self._entropy = entropy
        self._hello: HelloReply | None = None
        self._required: _Firmware | None = None
        self._has_served_window = False  # since the last hello

    def require(self, *, build_id: bytes, model_hash: bytes) -> HelloReply:
        """Say hello, and refuse a board that runs anything but this build of this model, now and after every restart.

        Raises:
            LinkError: naming both builds or both models.
        """
        self._required = _Firmware(build_id, model_hash)
        return self.hello()

    def hello(self) -> HelloReply:
        """Ask the board what it is; brings the line into step whatever was on it before.

        Raises:
            LinkError: if it is not what an earlier `require` has named, too.
        """
        return self._greet(self._required)

    def board(self) -> HelloReply:
        """The hello of the board; one that has started since must run what it ran before."""
        if self._hello is None:
            return self.hello()
        return self._hello if self._channel.in_session else self._greet_again(self._hello)

    def board_for_window(self) -> HelloReply:
        """As `board`, but no two windows rest on one hello: an announcement of a start between them may be lost."""
        hello = self.board()
        if self._has_served_window:
            hello = self._greet_again(hello)
        self._has_served_window = True
        return hello

    def _greet_again(self, earlier: HelloReply) -> HelloReply:
        return self._greet(self._required or _Firmware(earlier.build_id, earlier.model_hash))

    def _greet(self, expected: _Firmware | None) -> HelloReply:
        """Say hello, and refuse a board that runs anything but what is expected."""
        self._channel.in_session = False
        reply = self._ask_hello()
        if expected is not None:
            self._refuse_other(reply, expected)
        self._hello = reply
        self._has_served_window = False
        self._channel.in_session = True
        return reply

    def ask(self, request: Message, accept: Callable[[Message], ReplyT | None], deadline: Deadline) -> ReplyT:
        """Ask for what a board only knows as long as it runs."""
        self.board()
        try:
            return self._answer(request, accept, deadline)
        except BoardRestarted:
            raise LinkError(
                f"the board on {self._url} restarted before it answered{self._reason()}", "check its power supply"
            ) from None

    def health(self, seconds: float) -> HealthReply:
        """Ask for the state of its image, checked anew, and the reason of the last reset; also if it is damaged."""
        deadline = Deadline(seconds, f"the board on {self._url} did not say whether it is sound")
        while True:
            try:
                return self._answer(Health(), lambda reply: reply if isinstance(reply, HealthReply) else None, deadline)
            except BoardRestarted:  # told of once; the next request says hello first
                continue

    def restarted_again(self, what: str, times: int) -> LinkError:
        """The error to raise where a board restarts in the middle of one clip or request again and again."""
        self.board()
        reason = self._reason()
        return LinkError(
            f"the board on {self._url} restarted {times} times in the middle of one {what}"
            + (f", the last time{reason}" if reason else ""),
            f"its firmware crashes on this {what}" if reason else "check its power supply",
        )

    def _reason(self) -> str:
        """What ended the board's run before this one: "" if that was no fault, or it does not say so soon."""
        try:
            reason = describe_reset(self.health(min(self._timeout, _REASON_SECONDS)))
        except NoProgress:
            return ""
        return f" by {reason}" if reason else ""

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

    def _answer(self, request: Message, accept: Callable[[Message], ReplyT | None], deadline: Deadline) -> ReplyT:
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
