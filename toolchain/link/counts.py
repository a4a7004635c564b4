"""What has gone to a board and come back since its port was opened, counted."""

from dataclasses import asdict, dataclass

from toolchain.link.protocol import Error, ErrorCode, Message
from toolchain.link.starts import is_announcement

#: The frame did not arrive whole: it is simply sent again.
LOST_FRAME = (ErrorCode.DAMAGED_FRAME, ErrorCode.FRAME_TOO_LONG)


@dataclass
class Counts:
    """Frames of one session. A board answers every request once but SAMPLES, so what is not answered was lost.

    Attributes:
        sent: requests put on the line, repeated ones among them.
        answered: well-formed replies to any of them, errors among them; what comes unasked is not counted.
        damaged: requests of which the board says that they did not arrive whole.
        repeated: requests sent again, for want of an answer in time or because they were damaged.
        resynchronised: how often the place in a window was asked for again.
        starts: how often the board announced that it has started.
        restarts: windows begun again because the board had forgotten them.
    """

    sent: int = 0
    answered: int = 0
    damaged: int = 0
    repeated: int = 0
    resynchronised: int = 0
    starts: int = 0
    restarts: int = 0

    def take_reply(self, sequence: int, reply: Message) -> None:
        """Count what came in, other than rows of a tap and live results."""
        if is_announcement(sequence, reply):
            self.starts += 1
            return
        self.answered += 1
        self.damaged += isinstance(reply, Error) and reply.code in LOST_FRAME

    def since(self, earlier: "Counts") -> "Counts":
        """What was added since a copy was made."""
        before = asdict(earlier)
        return Counts(**{name: value - before[name] for name, value in asdict(self).items()})
