"""Nothing that arrives on the line makes the firmware stumble: it runs under the sanitizers and stays alive."""

import random
import struct

import numpy as np
import pytest
import serial

from toolchain.link import Board
from toolchain.link.frames import Frame, FrameReader, encode
from toolchain.link.protocol import NO_LAYER, Begin, Error, ErrorCode, Listen, MessageType, Source, read_reply
from toolchain.reference.engine import run


@pytest.fixture
def line(device):
    with serial.Serial(device, timeout=0.2) as port:
        answers(port, b"")  # the board announces its start at any time before it answers
        yield port


def answers(line, wire):
    """All replies to some bytes, as (sequence, message): what comes before the answer to a hello that follows them."""
    token, reader, frames = b"the end?", FrameReader(), []
    line.write(wire + encode(Frame(MessageType.HELLO, 1, token)))
    while not any(frame.payload.startswith(token) for frame in frames):
        frames += reader.feed(line.read(line.in_waiting or 1))
    return [(frame.sequence, read_reply(frame)) for frame in frames[:-1]]


def assert_alive(device, student, pcm):
    with Board(device) as board:
        assert np.array_equal(board.infer(pcm).values, run(student, pcm).output)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (Frame(0x7F, 5, b""), ErrorCode.UNKNOWN_TYPE),
        (Frame(MessageType.ACK, 5, bytes(8)), ErrorCode.UNKNOWN_TYPE),
        (Frame(MessageType.HELLO, 5, bytes(7)), ErrorCode.MALFORMED_PAYLOAD),
        (Frame(MessageType.BEGIN, 5, bytes(25)), ErrorCode.MALFORMED_PAYLOAD),
        (Frame(MessageType.BEGIN, 5, Begin(1, 64, 0, 0, NO_LAYER, 2).pack()), ErrorCode.MALFORMED_PAYLOAD),
        (Frame(MessageType.AUDIO, 5, bytes(7)), ErrorCode.MALFORMED_PAYLOAD),
        (Frame(MessageType.AUDIO, 5, bytes(9)), ErrorCode.MALFORMED_PAYLOAD),
        (Frame(MessageType.END, 5, b""), ErrorCode.MALFORMED_PAYLOAD),
        (Frame(MessageType.MEMORY, 5, b"\0"), ErrorCode.MALFORMED_PAYLOAD),
        (Frame(MessageType.LISTEN, 5, bytes(8)), ErrorCode.MALFORMED_PAYLOAD),
        (Frame(MessageType.LISTEN, 5, Listen(1, 1600, 2).pack()), ErrorCode.MALFORMED_PAYLOAD),
        (Frame(MessageType.LISTEN, 5, Listen(1, 1600, Source.MICROPHONE).pack()), ErrorCode.NO_MICROPHONE),
        (Frame(MessageType.LISTEN, 5, Listen(1, 63, Source.HOST).pack()), ErrorCode.WINDOW_TOO_SHORT),
        (Frame(MessageType.LISTEN, 5, Listen(1, 2**24 + 1, Source.HOST).pack()), ErrorCode.WINDOW_TOO_LONG),
        (Frame(MessageType.SAMPLES, 5, bytes(9)), ErrorCode.MALFORMED_PAYLOAD),
        (Frame(MessageType.SAMPLES, 5, bytes(12)), ErrorCode.NO_SUCH_WINDOW),
        (Frame(MessageType.STOP, 5, bytes(5)), ErrorCode.MALFORMED_PAYLOAD),
        (Frame(MessageType.AUDIO, 5, bytes(12)), ErrorCode.NO_SUCH_WINDOW),
        (Frame(MessageType.END, 5, bytes(4)), ErrorCode.NO_SUCH_WINDOW),
        (Frame(MessageType.BEGIN, 5, Begin(1, 64, 0, 0, 200).pack()), ErrorCode.NO_SUCH_LAYER),
        (Frame(MessageType.BEGIN, 5, Begin(1, 0, 0, 0).pack()), ErrorCode.WINDOW_TOO_SHORT),
        (Frame(MessageType.BEGIN, 5, Begin(1, 2**32 - 1, 0, 0).pack()), ErrorCode.WINDOW_TOO_LONG),
        (Frame(MessageType.BEGIN, 5, Begin(1, 64, -(2**63), 2**64 - 1).pack()), ErrorCode.IMPOSSIBLE_SUMS),
        (Frame(MessageType.BEGIN, 5, Begin(1, 64, 64 * 99, 0).pack()), ErrorCode.IMPOSSIBLE_SUMS),
    ],
)
def test_a_request_that_makes_no_sense_is_answered_by_its_error(line, frame, code):
    assert answers(line, encode(frame)) == [(5, Error(code))]


def test_more_audio_than_announced_is_refused(line):
    begin = Frame(MessageType.BEGIN, 1, Begin(9, 64, 0, 0).pack())
    audio = Frame(MessageType.AUDIO, 2, struct.pack("<II", 9, 0) + bytes(130))
    replies = answers(line, encode(begin) + encode(audio))
    assert replies[1:] == [(2, Error(ErrorCode.MALFORMED_PAYLOAD))]


def test_the_firmware_survives_noise(line, device, student, pcm):
    generator = random.Random(5)
    for _ in range(200):
        line.write(generator.randbytes(generator.randrange(1, 1500)))
        line.read(line.in_waiting)
    line.close()
    assert_alive(device, student, pcm)


def test_the_firmware_survives_well_formed_nonsense(line, device, student, pcm):
    """Frames with a good CRC and anything inside, so that they reach the handlers."""
    generator = random.Random(6)
    window = 0
    for _ in range(400):
        kind = generator.choice((1, 2, 2, 3, 3, 3, 4, 5, 6, 6, 7, 7, 7, 8, 9, 0x82))
        payload = generator.randbytes(generator.randrange(270))
        if kind == MessageType.BEGIN and generator.random() < 0.8:
            window = generator.randrange(3)
            samples = generator.choice((64, 1000, 1 << 24))
            layer = generator.choice((0, 3, 11, 12, NO_LAYER))
            total = generator.randrange(-samples, samples)
            squares, normaliser = generator.randrange(samples << 30), generator.randrange(3)
            payload = Begin(window, samples, total, squares, layer, normaliser).pack()
        elif kind == MessageType.LISTEN and generator.random() < 0.8:
            window = generator.randrange(3)
            payload = Listen(window, generator.choice((0, 64, 65, 1000, 2**32 - 1)), generator.randrange(3)).pack()
        elif kind in (MessageType.AUDIO, MessageType.SAMPLES) and generator.random() < 0.8:
            pcm_bytes = generator.randbytes(2 * generator.randrange(128))
            payload = struct.pack("<II", window, generator.choice((0, 64, 2**32 - 1))) + pcm_bytes
        line.write(encode(Frame(kind, generator.randrange(256), payload)))
        line.read(line.in_waiting)
    line.close()
    assert_alive(device, student, pcm)
