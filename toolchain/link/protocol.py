"""All messages by their types, and the way between a message and its frame."""

from toolchain.link.frames import Frame
from toolchain.link.message import (
    NO_LAYER,
    PROTOCOL_VERSION,
    TOKEN_BYTES,
    ErrorCode,
    ImageState,
    Message,
    MessageType,
    MessageWithTail,
    ResetKind,
    ResultStatus,
    Source,
    WindowNormaliser,
)
from toolchain.link.replies import (
    Ack,
    Error,
    HealthReply,
    HelloReply,
    Listening,
    Live,
    MemoryReply,
    ProfileReply,
    Result,
    Tap,
)
from toolchain.link.requests import (
    Audio,
    Begin,
    End,
    Health,
    Hello,
    Listen,
    Memory,
    Profile,
    Samples,
    Stop,
)

__all__ = [
    "NO_LAYER",
    "PROTOCOL_VERSION",
    "REPLIES",
    "REQUESTS",
    "TOKEN_BYTES",
    "Ack",
    "Audio",
    "Begin",
    "End",
    "Error",
    "ErrorCode",
    "Health",
    "HealthReply",
    "Hello",
    "HelloReply",
    "ImageState",
    "Listen",
    "Listening",
    "Live",
    "Memory",
    "MemoryReply",
    "Message",
    "MessageType",
    "MessageWithTail",
    "Profile",
    "ProfileReply",
    "ResetKind",
    "Result",
    "ResultStatus",
    "Samples",
    "Source",
    "Stop",
    "Tap",
    "WindowNormaliser",
    "read_reply",
    "to_frame",
]

REQUESTS: dict[int, type[Message]] = {
    kind.TYPE: kind for kind in (Hello, Begin, Audio, End, Memory, Listen, Samples, Stop, Profile, Health)
}
REPLIES: dict[int, type[Message]] = {
    kind.TYPE: kind
    for kind in (
        HelloReply, Ack, Result, Tap, MemoryReply, Listening, Live, ProfileReply, HealthReply, Error
    )
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
