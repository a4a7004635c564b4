"""A board that starts shows itself, and one that does so again and again is named."""

import os
import select
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import contextmanager

import pytest

from tests.link.attached_board import AttachedBoard
from toolchain.errors import LinkError
from toolchain.faults.fault import Direction, Fault, Kind
from toolchain.faults.proxy import Proxy
from toolchain.link import Board
from toolchain.link.frames import DELIMITER, decode, encode
from toolchain.link.protocol import TOKEN_BYTES, HelloReply, MessageType, read_reply, to_frame
from toolchain.link.starts import Starts

#: Most of it is waited for in vain; a busy computer may still be slow to send what is sent at its beginning.
TIMEOUT = 1.0

ANNOUNCEMENT = DELIMITER + encode(
    to_frame(HelloReply(bytes(TOKEN_BYTES), 1, 270, 960, 1_000_000, bytes(8), bytes(8), "host", "wav2small-17k"), 0)
)

#: As ESP32's ROM prints it when the watchdog has reset a chip whose flash is empty.
BANNER = b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x10 (RTCWDT_RTC_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"


@contextmanager
def line_with(sender: Callable[[int], None]):
    """A pseudo-terminal at whose other end ``sender`` writes."""
    master, slave = os.openpty()
    thread = threading.Thread(target=sender, args=(master,), daemon=True)
    thread.start()
    yield os.ttyname(slave)
    thread.join()
    os.close(master)
    os.close(slave)


def sending(pieces: Iterable[bytes]) -> Callable[[int], None]:
    """Writes ``pieces`` one by one, once the host asks: what comes before is thrown away as the port is opened."""

    def send(line: int) -> None:
        os.read(line, 1)
        for piece in pieces:
            os.write(line, piece)
            time.sleep(0.005)  # so that most are read one by one

    return send


def test_firmware_announces_its_start_before_anything_is_asked(build):
    process = subprocess.Popen([build.elf], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        line = os.open(process.stdout.readline().strip(), os.O_RDWR | os.O_NOCTTY)
        received = b""
        while received.count(DELIMITER) < 2 and select.select([line], [], [], 5)[0]:
            received += os.read(line, 1024)
        os.close(line)
        process.stdin.close()
    assert received.startswith(DELIMITER)
    assert received.endswith(DELIMITER)
    frame = decode(received.strip(DELIMITER))
    assert (frame.type, frame.sequence) == (MessageType.HELLO_REPLY, 0)
    reply = read_reply(frame)
    assert reply.token == bytes(TOKEN_BYTES)
    assert reply.build_id == build.build_id


@pytest.mark.parametrize("piece", [ANNOUNCEMENT, BANNER, BANNER + ANNOUNCEMENT], ids=["firmware", "rom", "both"])
def test_a_board_in_a_reset_loop_is_named(piece):
    named = pytest.raises(LinkError, match=r"the board on \S+ restarts again and again: [345] times within 1 s")
    with line_with(sending([piece] * 5)) as url, Board(url, timeout=TIMEOUT) as board, named as caught:
        board.hello()
    assert "power" in caught.value.hint


def test_a_banner_that_comes_in_pieces_is_recognised():
    mark = BANNER.index(b"rst:0x")
    cuts = [mark + cut for cut in (1, 3, 5)]
    pieces = [piece for cut in cuts for piece in (BANNER[:cut], BANNER[cut:])]
    named = pytest.raises(LinkError, match="restarts again and again: 3 times")
    with line_with(sending(pieces)) as url, Board(url, timeout=TIMEOUT) as board, named:
        board.hello()
    for cut in range(len(BANNER)):
        starts = Starts()
        for piece in (BANNER[:cut], BANNER[cut:]):
            starts.take_bytes(piece)
        assert starts.count == 1


def test_two_starts_are_no_loop():
    """Opening the port may reset a board, whose boot loader may do so once more."""
    foreign = pytest.raises(LinkError, match=r"no board answered on .* though bytes come in")
    with line_with(sending([ANNOUNCEMENT] * 2)) as url, Board(url, timeout=TIMEOUT) as board, foreign:
        board.hello()


def test_starts_before_an_answer_are_no_error(device, build):
    """Each inserted byte goes before those that are there already."""
    starts = [Fault(Direction.TO_HOST, 0, Kind.INSERT, byte) for byte in reversed(ANNOUNCEMENT * 4)]
    with Proxy(AttachedBoard(device), starts) as proxy, Board(proxy.url, timeout=2.0) as board:
        assert board.hello().build_id == build.build_id
        assert board._channel.starts.count >= 4
