"""How often a board starts while the host waits for its answer (docs/wire-format.md, "Start")."""

from toolchain.link.protocol import TOKEN_BYTES, Error, ErrorCode, HelloReply, Message

#: So many starts are no accident: opening a port may reset a board once, and its boot loader once more.
RESET_LOOP_STARTS = 3

#: What the ROM of Espressif's chips prints at every reset, before any firmware runs: "rst:0x1 (POWERON),boot:0x13 ...".
_ROM_BANNER = b"rst:0x"

_NO_TOKEN = bytes(TOKEN_BYTES)


class Starts:
    """Counts starts by what a board sends unasked: the firmware's announcement, or its chip's boot banner."""

    def __init__(self) -> None:
        self._announcements = 0
        self._banners = 0
        self._end = b""  # of what came so far: a banner may come in two pieces

    @property
    def count(self) -> int:
        """Starts seen so far; one that shows both ways counts once."""
        return max(self._announcements, self._banners)

    def take_bytes(self, data: bytes) -> None:
        """Look for banners in the next bytes of the line."""
        seen = self._end + data
        self._banners += seen.count(_ROM_BANNER)
        self._end = seen[-(len(_ROM_BANNER) - 1) :]

    def take_reply(self, reply: Message) -> None:
        """Look whether a reply is an announcement."""
        self._announcements += _is_hello_to_nobody(reply)


def is_announcement(sequence: int, reply: Message) -> bool:
    """Whether a reply is what a board sends when it starts: a hello to nobody, or that its image is damaged."""
    is_damaged = isinstance(reply, Error) and reply.code == ErrorCode.IMAGE_DAMAGED
    return sequence == 0 and (_is_hello_to_nobody(reply) or is_damaged)


def _is_hello_to_nobody(reply: Message) -> bool:
    return isinstance(reply, HelloReply) and reply.token == _NO_TOKEN
