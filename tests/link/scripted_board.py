"""A board that does what no firmware of ours does: it babbles, or answers what cannot be."""

import os
import select
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from toolchain.link.frames import DELIMITER, Frame, FrameReader, encode
from toolchain.link.message import Message
from toolchain.link.protocol import (
    PROTOCOL_VERSION,
    REQUESTS,
    Ack,
    Begin,
    Hello,
    HelloReply,
    Listen,
    Listening,
    to_frame,
)

#: What a sane board says of itself.
HELLO = HelloReply(bytes(8), PROTOCOL_VERSION, 270, 960, 1_000_000, bytes(8), bytes(8), "host", "wav2small-17k")

#: Longer than any wait that is tried here: whoever waits for the end of it has hung.
BABBLE_SECONDS = 10.0

Answer = Callable[[Message], Message | None]


def answering(**changes: object) -> Answer:
    """A sane board's hello, with some fields changed; to BEGIN and LISTEN, it has heard nothing yet."""

    def answer(request: Message) -> Message | None:
        match request:
            case Hello(token):
                return replace(HELLO, token=token, **changes)
            case Begin():
                return Ack(request.window, 0)
            case Listen():
                return Listening(request.listening, 0, 0, 0, 4096)
        return None

    return answer


@contextmanager
def scripted_board(answer: Answer, babble: bytes = b"") -> Iterator[str]:
    """A port at whose other end ``answer`` replies to requests, and ``babble`` comes without an end."""
    line, far_end = os.openpty()
    tty.setraw(far_end)
    os.set_blocking(line, False)
    stop = threading.Event()
    thread = threading.Thread(target=_talk, args=(line, answer, babble, stop), daemon=True)
    thread.start()
    try:
        yield os.ttyname(far_end)
    finally:
        stop.set()
        thread.join()
        os.close(line)
        os.close(far_end)


def _talk(line: int, answer: Answer, babble: bytes, stop: threading.Event) -> None:
    reader = FrameReader()
    end = time.monotonic() + BABBLE_SECONDS
    while not stop.is_set():
        if select.select([line], [], [], 0.001)[0]:
            for frame in reader.feed(os.read(line, 4096)):
                _send(line, _reply(frame, answer))
        if time.monotonic() < end:
            _send(line, babble)


def _reply(frame: Frame, answer: Answer) -> bytes:
    reply = answer(REQUESTS[frame.type].unpack(frame.payload))
    return b"" if reply is None else DELIMITER + encode(to_frame(reply, frame.sequence))


def _send(line: int, data: bytes) -> None:
    with suppress(BlockingIOError):  # nobody reads
        os.write(line, data)
