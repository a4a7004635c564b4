"""Frames on the wire: COBS, CRC-32 and a delimiter (docs/wire-format.md, "Frames")."""

import struct
import zlib
from dataclasses import dataclass

from cobs import cobs

DELIMITER = b"\0"

#: Bytes of type and sequence, and of the CRC, around a payload.
HEADER_BYTES = 2
CRC_BYTES = 4

#: Longest content of a reply.
REPLY_CONTENT_LIMIT = 2048


@dataclass(frozen=True)
class Frame:
    """One message: type 0..255, sequence 0..255, payload of any length."""

    type: int
    sequence: int
    payload: bytes


def encode(frame: Frame) -> bytes:
    """Return the frame's bytes on the wire, delimiter included."""
    body = bytes((frame.type, frame.sequence)) + frame.payload
    wire: bytes = cobs.encode(body + struct.pack("<I", zlib.crc32(body)))
    return wire + DELIMITER


def longest_wire(content_bytes: int) -> int:
    """Return the most bytes that COBS and the delimiter can make of so much content."""
    return content_bytes + content_bytes // 254 + 2


def decode(wire: bytes) -> Frame | None:
    """Read one frame from its bytes without the delimiter; None if it is damaged."""
    try:
        content: bytes = cobs.decode(wire)
    except cobs.DecodeError:
        return None
    if len(content) < HEADER_BYTES + CRC_BYTES:
        return None
    body, crc = content[:-CRC_BYTES], content[-CRC_BYTES:]
    if struct.pack("<I", zlib.crc32(body)) != crc:
        return None
    return Frame(body[0], body[1], body[HEADER_BYTES:])


class FrameReader:
    """Cuts a stream of bytes into frames. Damaged and overlong ones are skipped; memory stays bounded."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._overlong = False

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes of the stream and return the frames they complete."""
        frames = []
        *complete, rest = data.split(DELIMITER)
        for piece in complete:
            self._append(piece)
            frame = None if self._overlong or not self._pending else decode(bytes(self._pending))
            if frame is not None:
                frames.append(frame)
            self._pending.clear()
            self._overlong = False
        self._append(rest)
        return frames

    def _append(self, piece: bytes) -> None:
        if len(self._pending) + len(piece) > longest_wire(REPLY_CONTENT_LIMIT):
            self._overlong = True
            self._pending.clear()
        if not self._overlong:
            self._pending += piece
