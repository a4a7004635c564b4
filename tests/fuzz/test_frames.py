"""Hostile bytes from a board: whole frames or nothing, whatever the pieces, and bounded memory."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.long_run import readers_settings
from tests.fuzz.make_corpus import VECTOR_WIRES
from tests.fuzz.mutate import hostile
from toolchain.link.frames import REPLY_CONTENT_LIMIT, Frame, FrameReader, decode, encode, longest_wire
from toolchain.link.protocol import REPLIES, Message, read_reply, to_frame

_STREAMS = [b"".join(VECTOR_WIRES), *VECTOR_WIRES]


@readers_settings(weight=4)
@given(stream=hostile(_STREAMS, text=False), cuts=st.lists(st.integers(0, 4000), max_size=8))
def test_a_stream_gives_the_same_frames_in_any_pieces(stream: bytes, cuts: list[int]) -> None:
    reader, frames = FrameReader(), []
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    for start, end in pairwise(edges):
        frames += reader.feed(stream[start:end])
        assert len(reader._pending) <= longest_wire(REPLY_CONTENT_LIMIT)
    assert frames == _frames_of(stream)
    for frame in frames:
        assert FrameReader().feed(encode(frame)) == [frame]


def _frames_of(stream: bytes) -> list[Frame]:
    pieces = stream.split(b"\0")[:-1]
    short_enough = [piece for piece in pieces if piece and len(piece) <= longest_wire(REPLY_CONTENT_LIMIT)]
    return [frame for piece in short_enough if (frame := decode(piece)) is not None]


@readers_settings(weight=4)
@given(kind=st.one_of(st.sampled_from(sorted(REPLIES)), st.integers(0, 255)), data=st.data())
def test_a_payload_is_a_reply_that_packs_to_the_same_or_none(kind: int, data: st.DataObject) -> None:
    payloads = [frame.payload for wire in VECTOR_WIRES if (frame := decode(wire[:-1])) and frame.type == kind]
    payload = data.draw(hostile(payloads or [b""], text=False))
    reply: Message | None = read_reply(Frame(kind, 7, payload))
    if reply is not None:
        assert to_frame(reply, 7) == Frame(kind, 7, payload)
