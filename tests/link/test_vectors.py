"""Host and firmware read and write the same bytes: those of vectors.json."""

import json
import random
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolchain.link.frames import DELIMITER, Frame, FrameReader, decode, encode
from toolchain.link.protocol import (
    PROTOCOL_VERSION,
    REPLIES,
    REQUESTS,
    TOKEN_BYTES,
    ErrorCode,
    ImageState,
    MessageType,
    ResetKind,
    ResultStatus,
    Source,
    WindowNormaliser,
    to_frame,
)
from toolchain.resources import templates_dir

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())
FRAMES = [
    pytest.param(
        Frame(item["type"], item["sequence"], bytes.fromhex(item["payload"])),
        bytes.fromhex(item["wire"]),
        id=item["name"],
    )
    for item in VECTORS["frames"]
]
DAMAGED = [pytest.param(bytes.fromhex(item["wire"]), id=item["name"]) for item in VECTORS["damaged"]]

#: link_event of link.h, as link_driver.c reports it.
LINK_DAMAGED, LINK_TOO_LONG = 2, 3

WIRE_FORMAT = Path(__file__).parents[2] / "docs" / "wire-format.md"


@pytest.fixture(scope="module")
def firmware(build, tmp_path_factory):
    """Run bytes through the firmware's own link and return what it sends."""
    program = tmp_path_factory.mktemp("link") / "link"
    sources = build.folder / "src" / "app"
    parts = [Path(__file__).parent / "link_driver.c", *(sources / f"{n}.c" for n in ("link", "crc32", "receive_ring"))]
    flags = ["-std=c11", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    subprocess.run(["gcc", *flags, f"-I{sources}", *parts, "-o", program], check=True)

    def pass_through(wire: bytes) -> bytes:
        return subprocess.run([program], input=wire, capture_output=True, check=True).stdout

    return pass_through


@pytest.mark.parametrize(("frame", "wire"), FRAMES)
def test_the_host_writes_and_reads_the_vector(frame, wire):
    assert encode(frame) == wire
    assert FrameReader().feed(wire) == [frame]


@pytest.mark.parametrize(("frame", "wire"), FRAMES)
def test_the_firmware_writes_and_reads_the_vector(firmware, frame, wire):
    assert firmware(wire) == wire


@pytest.mark.parametrize("wire", DAMAGED)
def test_both_sides_throw_a_damaged_frame_away_and_read_the_next(firmware, wire):
    frame, good = FRAMES[0].values
    assert FrameReader().feed(wire + good) == [frame]
    assert firmware(wire + good) == encode(Frame(0, 0, bytes((LINK_DAMAGED,)))) + good


def test_every_message_is_packed_as_the_vector_says():
    kinds = {**REQUESTS, **REPLIES}
    for item in VECTORS["frames"]:
        if item["type"] in kinds:
            payload = bytes.fromhex(item["payload"])
            message = kinds[item["type"]].unpack(payload)
            assert to_frame(message, item["sequence"]) == Frame(item["type"], item["sequence"], payload)
    assert set(kinds) <= {item["type"] for item in VECTORS["frames"]}


def test_the_firmware_drops_an_overlong_frame_and_reads_the_next(firmware):
    _, good = FRAMES[0].values
    for extra in (1, 1000):
        overlong = encode(Frame(MessageType.AUDIO, 1, bytes(range(1, 9)) + bytes((7,)) * (256 + extra)))
        assert firmware(overlong + good) == encode(Frame(0, 0, bytes((LINK_TOO_LONG,)))) + good


def test_the_reader_keeps_no_more_than_a_frame_of_noise():
    reader = FrameReader()
    for _ in range(100):
        assert reader.feed(b"\x55" * 10_000) == []
        assert len(reader._pending) < 4096
    frame, wire = FRAMES[0].values
    assert reader.feed(DELIMITER + wire) == [frame]


def test_both_sides_agree_on_random_frames_in_pieces(firmware):
    generator = random.Random(4)
    frames = [
        Frame(generator.randrange(256), generator.randrange(256), _payload(generator)) for _ in range(200)
    ]
    wire = b"".join(map(encode, frames))
    assert firmware(wire) == wire
    reader, read = FrameReader(), []
    while wire:
        cut = generator.randint(1, 300)
        read += reader.feed(wire[:cut])
        wire = wire[cut:]
    assert read == frames


def _payload(generator: random.Random) -> bytes:
    zeros = generator.choice((0.0, 0.01, 0.5))
    length = generator.randrange(265)
    return bytes(0 if generator.random() < zeros else generator.randrange(1, 256) for _ in range(length))


#: Payloads with many zeros, few, or none at all: what COBS adds depends on them.
PAYLOADS = st.one_of(
    st.binary(max_size=264),
    st.lists(st.integers(1, 255), max_size=264).map(bytes),
    st.builds(lambda byte, length: bytes((byte,)) * length, st.sampled_from((0, 1, 255)), st.integers(0, 264)),
)


def is_short_enough(wire: bytes, payload: bytes) -> bool:
    """At most 5 % and 16 bytes longer than the payload."""
    return len(wire) <= 1.05 * len(payload) + 16


@given(payload=st.one_of(PAYLOADS, st.binary(max_size=2048)))
def test_a_frame_of_the_host_is_hardly_longer_than_its_payload(payload):
    wire = encode(Frame(MessageType.AUDIO, 0, payload))
    assert is_short_enough(wire, payload)
    assert FrameReader().feed(wire) == [Frame(MessageType.AUDIO, 0, payload)]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(payloads=st.lists(PAYLOADS, min_size=1, max_size=50))
def test_a_frame_of_the_firmware_is_hardly_longer_than_its_payload(firmware, payloads):
    """The firmware sends back what it received, in its own encoding."""
    received = firmware(b"".join(encode(Frame(MessageType.AUDIO, 1, payload)) for payload in payloads))
    wires = [wire + DELIMITER for wire in received.split(DELIMITER)[:-1]]
    assert len(wires) == len(payloads)
    for wire, payload in zip(wires, payloads, strict=True):
        assert FrameReader().feed(wire) == [Frame(MessageType.AUDIO, 1, payload)]
        assert is_short_enough(wire, payload)


def test_decode_refuses_every_single_bit_flip():
    _, wire = FRAMES[6].values
    for bit in range(8 * (len(wire) - 1)):
        damaged = bytearray(wire[:-1])
        damaged[bit // 8] ^= 1 << bit % 8
        assert all(decode(piece) is None for piece in bytes(damaged).split(DELIMITER))


def test_the_firmware_declares_the_same_numbers():
    header = (templates_dir() / "app" / "messages.h").read_text()
    numbers = {name: int(value, 0) for name, value in re.findall(r"([A-Z_]+) = (0x[0-9A-F]+|\d+)", header)}
    expected = {"ERROR_NONE": 0} | {f"ERROR_{code.name}": code for code in ErrorCode}
    expected |= {f"RESULT_{status.name}": status for status in ResultStatus}
    expected |= {f"NORMALISER_{what.name}": what for what in WindowNormaliser}
    expected |= {f"SOURCE_{source.name}": source for source in Source}
    expected |= {f"IMAGE_{state.name}": state for state in ImageState}
    expected |= {f"RESET_{kind.name}": kind for kind in ResetKind}
    for kind in MessageType:
        name = kind.name.removesuffix("_REPLY")
        expected[f"{'REPLY' if kind >= 0x80 else 'REQUEST'}_{name}"] = kind
    assert numbers == expected
    assert f"#define PROTOCOL_VERSION {PROTOCOL_VERSION}u" in header
    assert f"#define HELLO_TOKEN_BYTES {TOKEN_BYTES}u" in header


def test_the_page_lists_every_message_and_error():
    page = WIRE_FORMAT.read_text()
    listed = re.findall(r"^\| ([A-Z]+) \| ([0-9A-F]{2}) \|", page, flags=re.MULTILINE)
    assert {(name, int(code, 16)) for name, code in listed} == {
        (kind.name.removesuffix("_REPLY"), kind.value) for kind in MessageType
    }
    codes = {int(code): text for code, text in re.findall(r"\| (\d+) \| ([a-z ]+)(?= \|)", page)}
    assert codes == {code.value: code.name.lower().replace("_", " ") for code in ErrorCode}
