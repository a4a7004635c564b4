"""Write the first inputs of the fuzz targets, into ``corpus/``: run it after a change to the protocol.

    python -m tests.fuzz.make_corpus
"""

import json
import struct
from collections.abc import Iterable

import numpy as np

from tests.fuzz.firmware import HERE, TARGETS
from toolchain.audio.statistics import WindowStatistics
from toolchain.link.frames import Frame, encode
from toolchain.link.protocol import (
    NO_LAYER,
    Audio,
    Begin,
    End,
    Health,
    Hello,
    Listen,
    Memory,
    Message,
    MessageType,
    Profile,
    Samples,
    Source,
    Stop,
    WindowNormaliser,
)

_VECTORS = json.loads((HERE.parent / "link" / "vectors.json").read_text(encoding="utf-8"))
#: The good frames of the wire format's vectors, with their delimiters.
VECTOR_WIRES = [bytes.fromhex(item["wire"]) for item in _VECTORS["frames"]]

# Steps of fuzz_session.c.
_NOISE, _REQUEST, _AUDIO, _SAMPLES, _PACE, _STACK = range(6)
_FLOODED = 0x80

_PCM = (np.random.default_rng(0).normal(size=160) * 3000).astype("<i2")


def frames() -> dict[str, bytes]:
    """Inputs of ``frames``: what the wire format's vectors have, alone and in a row."""
    good = VECTOR_WIRES
    damaged = [bytes.fromhex(item["wire"]) for item in _VECTORS["damaged"]]
    longest = encode(Frame(MessageType.AUDIO, 1, b"\x07" * 264))
    overlong = encode(Frame(MessageType.AUDIO, 1, b"\x07" * 265))
    return {
        "short": b"\x00" + b"".join(wire for wire in good if len(wire) < 60),
        "long": b"\x01" + b"".join(wire for wire in good if 240 < len(wire) < 270)[:800],
        "damaged": b"\x02" + b"".join(damaged),
        "longest": b"\x03" + longest,
        "overlong": b"\x04" + overlong + longest,
        "delimiters": b"\x05\0\0\0",
        "zeros": b"\x06" + encode(Frame(MessageType.AUDIO, 1, bytes(264))),
        "full_block_of_code": b"\x07" + b"\xff" * 300 + b"\0",
    }


def sessions() -> dict[str, bytes]:
    """Inputs of ``session``: together they get every reply and every error of a sound image without microphone."""
    window = [_begin(1), *_audio(), _request(End(1))]
    listening = [_request(Listen(2, 64, Source.HOST)), *_samples(), _request(Stop(2))]
    return {
        "questions": _row(map(_request, (Hello(b"a token."), Memory(), Health(), Profile()))),
        "window": _row([*window, _request(End(1))]),
        "running_window": _row([_begin(1, normaliser=WindowNormaliser.RUNNING), *_audio(), _request(End(1))]),
        "tapped_image": _row([_begin(1, layer=0), *_audio(), _request(End(1))]),
        "tapped_pooled": _row([_begin(1, layer=11), *_audio(), _request(End(1))]),
        "wrong_sums": _row([_begin(1, total=7), *_audio(), _request(End(1)), _request(End(1))]),
        "impossible_sums": _request(Begin(1, 64, 64 * 99, 0)),
        "window_too_short": _request(Begin(1, 0, 0, 0)),
        "window_too_long": _request(Begin(1, 2**32 - 1, 0, 0)),
        "no_such_layer": _begin(1, layer=200),
        "no_such_normaliser": _begin(1, normaliser=2),
        "no_such_window": _row([_request(End(9)), _request(Audio(9, 0, b"\1\2")), _request(Samples(9, 0, b"\1\2"))]),
        "too_much_audio": _row([_request(Begin(1, 64, 0, 0)), _pcm(_AUDIO, _PCM[:65])]),
        "gap_in_audio": _row([_begin(1), _request(Audio(1, 32, b"\1\2")), _request(End(1))]),
        "listening": _row([*listening, _request(Stop(2))]),
        "gap_in_listening": _row([_request(Listen(2, 65, Source.HOST)), _request(Samples(2, 9, b"\1\2")), *_samples()]),
        "window_after_listening": _row([*listening[:2], *window, *listening]),
        "microphone": _request(Listen(2, 64, Source.MICROPHONE)),
        "no_such_source": _request(Listen(2, 64, 2)),
        "malformed": _row([_raw_request(MessageType.HELLO, b"short"), _raw_request(MessageType.AUDIO, bytes(9))]),
        "unknown": _raw_request(0x7F, b"what?"),
        "too_long": _raw_request(MessageType.AUDIO, b"\x07" * 400),
        "noise": _row([bytes((_NOISE, 5)) + b"noise", bytes((_NOISE, 1, 0)), *window]),
        "byte_by_byte": _row([bytes((_PACE, 0)), *window]),
        "flooded": _row([bytes((_PACE, _FLOODED | 0x7F)), *window, *listening]),
        "full_stack": _row([bytes((_STACK, 1)), *window, *listening, bytes((_STACK, 0)), _request(End(1))]),
    }


def _row(steps: Iterable[bytes]) -> bytes:
    return b"".join(steps)


def _raw_request(kind: int, payload: bytes) -> bytes:
    return struct.pack("<BBH", _REQUEST, kind, len(payload)) + payload


def _request(message: Message) -> bytes:
    return _raw_request(message.TYPE, message.pack())


def _begin(
    window: int, layer: int = NO_LAYER, normaliser: int = WindowNormaliser.WINDOW, total: int | None = None
) -> bytes:
    sums = WindowStatistics.of(_PCM)
    return _request(Begin(window, len(_PCM), sums.sum if total is None else total, sums.sum_squares, layer, normaliser))


def _audio() -> list[bytes]:
    return [_pcm(_AUDIO, _PCM[:128]), _pcm(_AUDIO, _PCM[128:])]


def _samples() -> list[bytes]:
    return [_pcm(_SAMPLES, _PCM[:128]), _pcm(_SAMPLES, _PCM[128:])]


def _pcm(step: int, samples: np.ndarray) -> bytes:
    data = samples.tobytes()
    return struct.pack("<BH", step, len(data)) + data


def main() -> None:
    """Write all inputs in place of those that are there."""
    made = {"frames": frames(), "session": sessions()}
    for target in TARGETS:
        target.corpus.mkdir(parents=True, exist_ok=True)
        for old in target.corpus.iterdir():
            old.unlink()
        for name, data in made[target.name].items():
            assert len(data) <= target.longest, (name, len(data))
            (target.corpus / name).write_bytes(data)


if __name__ == "__main__":
    main()
