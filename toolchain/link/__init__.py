"""The serial link to a board, as docs/wire-format.md describes it."""

from toolchain.link.board import Board, BoardResult
from toolchain.link.protocol import HelloReply, MemoryReply

__all__ = ["Board", "BoardResult", "HelloReply", "MemoryReply"]
