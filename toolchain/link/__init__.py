"""The serial link to a board, as docs/wire-format.md describes it."""

from toolchain.link.board import Board, BoardResult
from toolchain.link.discover import find_port, require_one_board
from toolchain.link.live import Listening, LiveResult
from toolchain.link.protocol import HelloReply, MemoryReply, Source, WindowNormaliser
from toolchain.link.read_back import read_back

__all__ = [
    "Board",
    "BoardResult",
    "HelloReply",
    "Listening",
    "LiveResult",
    "MemoryReply",
    "Source",
    "WindowNormaliser",
    "find_port",
    "read_back",
    "require_one_board",
]
