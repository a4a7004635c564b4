"""What a message is, and the numbers in it (docs/wire-format.md, "Messages"). All integers are little-endian."""

import struct
from dataclasses import astuple, dataclass
from enum import IntEnum
from typing import Any, ClassVar, Self

PROTOCOL_VERSION = 3

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
    HEALTH = 0x0A
    HELLO_REPLY = 0x81
    ACK = 0x82
    RESULT = 0x83
    TAP = 0x84
    MEMORY_REPLY = 0x85
    LISTENING = 0x86
    LIVE = 0x87
    PROFILE_REPLY = 0x88
    HEALTH_REPLY = 0x8A
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
    IMAGE_DAMAGED = 11
    STACK_OVERFLOW = 12


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


class ImageState(IntEnum):
    """What the checksum of a board's image says."""

    SOUND = 0
    DAMAGED = 1
    NOT_CHECKED = 2


class ResetKind(IntEnum):
    """What ended a board's run before this one."""

    UNKNOWN = 0
    CORTEX_M_FAULT = 1
    RISCV_TRAP = 2
    XTENSA_EXCEPTION = 3
    WATCHDOG = 4
    STACK_OVERFLOW = 5
    ESP_IDF_PANIC = 6


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
