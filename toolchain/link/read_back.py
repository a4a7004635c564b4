"""Read back what runs on a board that has just been given an image."""

import time

from toolchain.link.board import Board
from toolchain.link.port import PortError
from toolchain.link.protocol import HelloReply

#: Seconds a board may take to boot; one on a USB port of its own takes its port away meanwhile.
BOOT_SECONDS = 5.0

_RETRY_SECONDS = 0.1


def read_back(
    url: str, baud: int, *, build_id: bytes, model_hash: bytes, boot_seconds: float = BOOT_SECONDS
) -> HelloReply:
    """Wait until the board on ``url`` has booted, and refuse anything but this build of this model.

    Raises:
        LinkError: if the port stays away, no board answers in time, it is in a reset loop, or it runs something else.
    """
    end = time.monotonic() + boot_seconds
    while True:
        try:
            with Board(url, baud=baud, timeout=boot_seconds) as board:
                return board.require(build_id=build_id, model_hash=model_hash)
        except PortError:
            if time.monotonic() > end:
                raise
            time.sleep(_RETRY_SECONDS)
