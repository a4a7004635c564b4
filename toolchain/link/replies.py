"""What a board answers, and what it says unasked (docs/wire-format.md, "Messages")."""

import struct
from dataclasses import astuple, dataclass
from typing import Any, ClassVar

from toolchain.link.message import TOKEN_BYTES, Message, MessageType, MessageWithTail


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
    text = data[1:end].decode("ascii")
    if not text.isprintable():  # it is shown to people, on terminals that obey control characters
        raise ValueError("HelloReply: a string with control characters")
    return text, data[end:]


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
class HealthReply(Message):
    """Whether a board can be trusted.

    Attributes:
        image: an `ImageState`.
        image_crc: CRC-32 of the image's code and constants, as the board computed it now; 0 where not checked.
        reset: a `ResetKind`; the next three describe it.
        cause: the core's number of the fault, or its fault status register.
        program_counter: where it happened; 0 where that is not known.
        address: what could not be accessed, or the stack pointer; 0 where there is none.
    """

    TYPE = MessageType.HEALTH_REPLY
    LAYOUT = struct.Struct("<BIBIII")

    image: int
    image_crc: int
    reset: int
    cause: int
    program_counter: int
    address: int


@dataclass(frozen=True)
class Error(Message):
    """The board could not do what a frame asked for; ``code`` is an `ErrorCode`."""

    TYPE = MessageType.ERROR
    LAYOUT = struct.Struct("<B")

    code: int
