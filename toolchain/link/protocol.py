"""Messages and their payloads (docs/wire-format.md, "Messages"). All integers are little-endian."""

import struct
from dataclasses import astuple, dataclass
from enum import IntEnum
from typing import Any, ClassVar, Self

from toolchain.link.frames import Frame

PROTOCOL_VERSION = 2

TOKEN_BYTES = 8

#: `Begin.tapped_layer` where no layer is tapped.
NO_LAYER = 0xFF


class MessageType(IntEnum):
    """First byte of a frame's content; replies have the top bit set."""

    HELLO = 0x01
    BEGIN = 0x02
    AUDIO = 0x03
    END = 0x04
    MEMORY = 0x05
    LISTEN = 0x06
    SAMPLES = 0x07
    STOP = 0x08
    PROFILE = 0x09
    HELLO_REPLY = 0x81
    ACK = 0x82
    RESULT = 0x83
    TAP = 0x84
    MEMORY_REPLY = 0x85
    LISTENING = 0x86
    LIVE = 0x87
    PROFILE_REPLY = 0x88
    ERROR = 0x8F


class ErrorCode(IntEnum):
    """Why the board did not do what a frame asked for."""

    DAMAGED_FRAME = 1
    FRAME_TOO_LONG = 2
    UNKNOWN_TYPE = 3
    MALFORMED_PAYLOAD = 4
    NO_SUCH_WINDOW = 5
    WINDOW_TOO_SHORT = 6
    WINDOW_TOO_LONG = 7
    NO_SUCH_LAYER = 8
    IMPOSSIBLE_SUMS = 9
    NO_MICROPHONE = 10


class WindowNormaliser(IntEnum):
    """What a window's audio is normalised by."""

    WINDOW = 0
    RUNNING = 1


class Source(IntEnum):
    """Where live audio comes from."""

    MICROPHONE = 0
    HOST = 1


class ResultStatus(IntEnum):
    """Whether a result may be believed."""

    RIGHT = 0
    STATISTICS_DIFFER = 1


@dataclass(frozen=True)
class Message:
    """A message whose payload is a fixed row of integers and byte strings, in the order of its fields."""

    TYPE: ClassVar[MessageType]
    LAYOUT: ClassVar[struct.Struct]

    def pack(self) -> bytes:
        """Return the payload."""
        return self.LAYOUT.pack(*astuple(self))

    @classmethod
    def unpack(cls, payload: bytes) -> Self:
        """Read a payload.

        Raises:
            ValueError: if it is not one of this message.
        """
        try:
            return cls(*cls.LAYOUT.unpack(payload))
        except struct.error as error:
            raise ValueError(f"{cls.__name__}: {error}") from error


@dataclass(frozen=True)
class MessageWithTail(Message):
    """A message whose last field is all that follows the others: bytes of any number."""

    def pack(self) -> bytes:
        """Return the payload."""
        *head, tail = astuple(self)
        return self.LAYOUT.pack(*head) + bytes(tail)

    @classmethod
    def unpack(cls, payload: bytes) -> Self:
        """Read a payload.

        Raises:
            ValueError: if it is not one of this message.
        """
        try:
            head: tuple[Any, ...] = cls.LAYOUT.unpack_from(payload)
            return cls(*head, *cls._read_tail(payload[cls.LAYOUT.size :]))
        except struct.error as error:
            raise ValueError(f"{cls.__name__}: {error}") from error

    @classmethod
    def _read_tail(cls, tail: bytes) -> tuple[Any, ...]:
        return (tail,)


# --- requests --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hello(Message):
    """Are you there, and what are you? The reply brings the token back."""

    TYPE = MessageType.HELLO
    LAYOUT = struct.Struct(f"<{TOKEN_BYTES}s")

    token: bytes


@dataclass(frozen=True)
class Begin(Message):
    """Open a window of ``samples`` samples with these sums, or ask where the open one stands.

    ``normaliser`` is a `WindowNormaliser`; a running one begins with the window.
    """

    TYPE = MessageType.BEGIN
    LAYOUT = struct.Struct("<IIqQBB")

    window: int
    samples: int
    sum: int
    sum_squares: int
    tapped_layer: int = NO_LAYER
    normaliser: int = WindowNormaliser.WINDOW


@dataclass(frozen=True)
class Audio(MessageWithTail):
    """PCM16 of the open window, from sample ``offset`` on."""

    TYPE = MessageType.AUDIO
    LAYOUT = struct.Struct("<II")

    window: int
    offset: int
    pcm: bytes


@dataclass(frozen=True)
class End(Message):
    """All audio was sent: what is the result?"""

    TYPE = MessageType.END
    LAYOUT = struct.Struct("<I")

    window: int


@dataclass(frozen=True)
class Memory(Message):
    """How much memory is in use?"""

    TYPE = MessageType.MEMORY
    LAYOUT = struct.Struct("<")


@dataclass(frozen=True)
class Listen(Message):
    """Give a result every ``samples`` samples from now on, or ask where this listening stands.

    ``source`` is a `Source`.
    """

    TYPE = MessageType.LISTEN
    LAYOUT = struct.Struct("<IIB")

    listening: int
    samples: int
    source: int


@dataclass(frozen=True)
class Samples(MessageWithTail):
    """PCM16 in the microphone's place, from sample ``offset`` of the listening on. Not answered."""

    TYPE = MessageType.SAMPLES
    LAYOUT = struct.Struct("<II")

    listening: int
    offset: int
    pcm: bytes


@dataclass(frozen=True)
class Stop(Message):
    """Stop listening."""

    TYPE = MessageType.STOP
    LAYOUT = struct.Struct("<I")

    listening: int


@dataclass(frozen=True)
class Profile(Message):
    """How many ticks did each layer take? Only an image that was built to be profiled knows."""

    TYPE = MessageType.PROFILE
    LAYOUT = struct.Struct("<")


# --- replies ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HelloReply(MessageWithTail):
    """What the board is.

    Attributes:
        content_limit: longest content of a request, in bytes.
        credit: bytes that may be on the wire unanswered.
        ticks_hz: ticks per second of `Result.ticks`.
    """

    TYPE = MessageType.HELLO_REPLY
    LAYOUT = struct.Struct(f"<{TOKEN_BYTES}sBHHI8s8s")

    token: bytes
    version: int
    content_limit: int
    credit: int
    ticks_hz: int
    build_id: bytes
    model_hash: bytes
    target: str
    model: str

    def pack(self) -> bytes:
        """Return the payload."""
        *numbers, target, model = astuple(self)
        strings = b"".join(bytes((len(text),)) + text.encode("ascii") for text in (target, model))
        return self.LAYOUT.pack(*numbers) + strings

    @classmethod
    def _read_tail(cls, tail: bytes) -> tuple[Any, ...]:
        target, rest = _take_string(tail)
        model, rest = _take_string(rest)
        if rest:
            raise ValueError("HelloReply: bytes after the last string")
        return target, model


def _take_string(data: bytes) -> tuple[str, bytes]:
    if not data or len(data) < 1 + data[0]:
        raise ValueError("HelloReply: a string is cut short")
    end = 1 + data[0]
    return data[1:end].decode("ascii"), data[end:]


@dataclass(frozen=True)
class Ack(Message):
    """The board has all samples of the window before ``next``."""

    TYPE = MessageType.ACK
    LAYOUT = struct.Struct("<II")

    window: int
    next: int


@dataclass(frozen=True)
class Result(Message):
    """A window's result, with what shows that it is of the audio that was sent."""

    TYPE = MessageType.RESULT
    LAYOUT = struct.Struct("<IBiiiIIQI")

    window: int
    status: int
    arousal: int
    dominance: int
    valence: int
    samples: int
    pcm_crc: int
    ticks: int
    tapped_rows: int


@dataclass(frozen=True)
class Tap(MessageWithTail):
    """One row of the tapped layer."""

    TYPE = MessageType.TAP
    LAYOUT = struct.Struct("<IBI")

    window: int
    layer: int
    row: int
    data: bytes


@dataclass(frozen=True)
class MemoryReply(Message):
    """Bytes of RAM on the board: variables, the stack's reserve and the most of it ever used (0: unknown)."""

    TYPE = MessageType.MEMORY_REPLY
    LAYOUT = struct.Struct("<III")

    static_bytes: int
    stack_bytes: int
    stack_used: int


@dataclass(frozen=True)
class Listening(Message):
    """Where a listening stands, in samples since its start.

    Attributes:
        next: offset of the first sample that has not arrived.
        waiting: how many have arrived and wait for the engine.
        dropped: how many were lost on the way, or because too many were waiting.
        room: how many may wait.
    """

    TYPE = MessageType.LISTENING
    LAYOUT = struct.Struct("<IIIII")

    listening: int
    next: int
    waiting: int
    dropped: int
    room: int


@dataclass(frozen=True)
class Live(Message):
    """Unasked: the result of one window of a listening; windows are counted from 0.

    ``samples`` and ``pcm_crc`` are the window's, ``dropped`` counts all samples lost since the start.
    """

    TYPE = MessageType.LIVE
    LAYOUT = struct.Struct("<IIiiiIIIQ")

    listening: int
    index: int
    arousal: int
    dominance: int
    valence: int
    samples: int
    dropped: int
    pcm_crc: int
    ticks: int


@dataclass(frozen=True)
class ProfileReply(MessageWithTail):
    """Ticks of every layer since the window began, in the order of the student's ``layer_names``."""

    TYPE = MessageType.PROFILE_REPLY
    LAYOUT = struct.Struct("<")
    TICKS: ClassVar[struct.Struct] = struct.Struct("<Q")

    ticks: tuple[int, ...]

    def pack(self) -> bytes:
        """Return the payload."""
        return b"".join(map(self.TICKS.pack, self.ticks))

    @classmethod
    def _read_tail(cls, tail: bytes) -> tuple[Any, ...]:
        return (tuple(ticks for (ticks,) in cls.TICKS.iter_unpack(tail)),)


@dataclass(frozen=True)
class Error(Message):
    """The board could not do what a frame asked for; ``code`` is an `ErrorCode`."""

    TYPE = MessageType.ERROR
    LAYOUT = struct.Struct("<B")

    code: int


REQUESTS: dict[int, type[Message]] = {
    kind.TYPE: kind for kind in (Hello, Begin, Audio, End, Memory, Listen, Samples, Stop, Profile)
}
REPLIES: dict[int, type[Message]] = {
    kind.TYPE: kind
    for kind in (HelloReply, Ack, Result, Tap, MemoryReply, Listening, Live, ProfileReply, Error)
}


def to_frame(message: Message, sequence: int) -> Frame:
    """Return the frame that carries ``message``."""
    return Frame(message.TYPE, sequence, message.pack())


def read_reply(frame: Frame) -> Message | None:
    """Return the reply a frame carries, or None if it carries none that is well-formed."""
    kind = REPLIES.get(frame.type)
    try:
        return kind.unpack(frame.payload) if kind else None
    except ValueError:
        return None
