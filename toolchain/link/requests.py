"""What the host asks of a board (docs/wire-format.md, "Messages")."""

import struct
from dataclasses import dataclass

from toolchain.link.message import (
    NO_LAYER,
    TOKEN_BYTES,
    Message,
    MessageType,
    MessageWithTail,
    WindowNormaliser,
)


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


@dataclass(frozen=True)
class Health(Message):
    """Is the image sound, and what ended the run before? The image is checked for every request."""

    TYPE = MessageType.HEALTH
    LAYOUT = struct.Struct("<")
