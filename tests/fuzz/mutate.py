"""Hostile inputs: real files with a few places damaged, and bytes that never were a file."""

import re
import struct
from collections.abc import Callable, Sequence

from hypothesis import strategies as st

#: What a length, an offset or a count is set to.
_EXTREMES = (0, 1, 2, 127, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**63, 2**64 - 1)
_INTEGERS = tuple(
    struct.pack(order + code, value & (2 ** (8 * struct.calcsize(code)) - 1))
    for value in _EXTREMES
    for order in "<>"
    for code in "HIQ"
)

#: What a word or a number of a text is replaced by.
_WORDS = (
    *(str(sign * value).encode() for value in _EXTREMES for sign in (1, -1)),
    b"9" * 5000, b"1e999", b"NaN", b"nan", b"-inf", b"Infinity", b"null", b"true", b'""', b"[]", b"{}", b"[" * 3000,
    b"{" * 3000, b'{"a":' * 3000, b"../../outside", b"/etc/hostname", b"/dev/zero", b"~", b"loop", b"a" * 5000,
    rb"\u0000", rb"\ud800", b"\0", b"\xff\xfe", "ü\u202e".encode(), b'"', b"\n", b"\r", b",", b"#", b"\\", b"=",
)  # fmt: skip
_WORD = re.compile(rb"[A-Za-z0-9_.+/-]+")

#: Offsets are drawn from the front in half of the cases: headers are there.
_HEADER = 512
_MOST_EDITS = 4
_LONGEST_PIECE = 64

_Edit = Callable[[st.DrawFn, bytes, Sequence[bytes]], bytes]


def _offset(draw: st.DrawFn, data: bytes) -> int:
    last = len(data)
    return draw(st.one_of(st.integers(0, min(last, _HEADER)), st.integers(0, last)))


def _piece(draw: st.DrawFn, data: bytes) -> slice:
    start = _offset(draw, data)
    return slice(start, start + draw(st.integers(1, _LONGEST_PIECE)))


def _put(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def _flip_bit(draw: st.DrawFn, data: bytes, others: Sequence[bytes]) -> bytes:
    at = _offset(draw, data)
    return _put(data, at, bytes((data[at] ^ 1 << draw(st.integers(0, 7)),))) if at < len(data) else data


def _set_bytes(draw: st.DrawFn, data: bytes, others: Sequence[bytes]) -> bytes:
    return _put(data, _offset(draw, data), draw(st.binary(min_size=1, max_size=8)))


def _set_integer(draw: st.DrawFn, data: bytes, others: Sequence[bytes]) -> bytes:
    return _put(data, _offset(draw, data) & ~1, draw(st.sampled_from(_INTEGERS)))


def _truncate(draw: st.DrawFn, data: bytes, others: Sequence[bytes]) -> bytes:
    return data[: _offset(draw, data)]


def _delete(draw: st.DrawFn, data: bytes, others: Sequence[bytes]) -> bytes:
    piece = _piece(draw, data)
    return data[: piece.start] + data[piece.stop :]


def _repeat(draw: st.DrawFn, data: bytes, others: Sequence[bytes]) -> bytes:
    piece = _piece(draw, data)
    return data[: piece.stop] + data[piece] * draw(st.integers(1, 20)) + data[piece.stop :]


def _insert(draw: st.DrawFn, data: bytes, others: Sequence[bytes]) -> bytes:
    at = _offset(draw, data)
    return data[:at] + draw(st.binary(min_size=1, max_size=32)) + data[at:]


def _extend(draw: st.DrawFn, data: bytes, others: Sequence[bytes]) -> bytes:
    return data + draw(st.binary(min_size=1, max_size=64))


def _splice(draw: st.DrawFn, data: bytes, others: Sequence[bytes]) -> bytes:
    other = draw(st.sampled_from(others))
    return data[: _offset(draw, data)] + other[_offset(draw, other) :]


def _replace_word(draw: st.DrawFn, data: bytes, others: Sequence[bytes]) -> bytes:
    words = list(_WORD.finditer(data))
    if not words:
        return data
    word = words[draw(st.integers(0, len(words) - 1))]
    return data[: word.start()] + draw(st.sampled_from(_WORDS)) + data[word.end() :]


def _remove_line(draw: st.DrawFn, data: bytes, others: Sequence[bytes]) -> bytes:
    lines = data.splitlines(keepends=True)
    at = draw(st.integers(0, len(lines)))
    return b"".join([*lines[:at], *lines[at + 1 :]])


_BINARY: tuple[_Edit, ...] = (
    _flip_bit, _set_bytes, _set_integer, _set_integer, _truncate, _delete, _repeat, _insert, _extend, _splice
)  # fmt: skip
_TEXT: tuple[_Edit, ...] = (*_BINARY, *[_replace_word] * 8, *[_remove_line] * 2)


@st.composite
def damaged(draw: st.DrawFn, originals: Sequence[bytes], *, text: bool) -> bytes:
    """One of the ``originals`` with one to four places changed; ``text`` has words and lines to change, too."""
    data = draw(st.sampled_from(originals))
    for edit in draw(st.lists(st.sampled_from(_TEXT if text else _BINARY), min_size=1, max_size=_MOST_EDITS)):
        data = edit(draw, data, originals)
    return data


def hostile(originals: Sequence[bytes], *, text: bool) -> st.SearchStrategy[bytes]:
    """Mostly damaged originals; some inputs are any bytes at all."""
    anything = st.binary(max_size=300)
    return st.integers(0, 15).flatmap(lambda n: damaged(originals, text=text) if n else anything)
