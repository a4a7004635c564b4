"""The integer routines that stand in for libgcc's, compiled for this computer."""

import ctypes
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolchain.resources import templates_dir

#: libgcc has this one on 32-bit cores only.
DIVISION = """
#include <stdint.h>
uint64_t __udivmoddi4(uint64_t n, uint64_t d, uint64_t *r);
uint64_t __udivmoddi4(uint64_t n, uint64_t d, uint64_t *r) { if (r) *r = n % d; return n / d; }
"""

UNSIGNED_32, SIGNED_32 = st.integers(0, 2**32 - 1), st.integers(-(2**31), 2**31 - 1)
UNSIGNED_64, SIGNED_64 = st.integers(0, 2**64 - 1), st.integers(-(2**63), 2**63 - 1)


def towards_zero(dividend, divisor):
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("integers")
    (folder / "division.c").write_text(DIVISION)
    integers = templates_dir() / "boards" / "xtensa" / "integers.c"
    command = ["gcc", "-O2", "-shared", "-fPIC", integers, folder / "division.c", "-o", folder / "integers.so"]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(folder / "integers.so"))


def call(library, name, kind, *arguments):
    function = getattr(library, name)
    function.argtypes, function.restype = [type(argument) for argument in arguments], kind
    return function(*arguments)


@given(a=UNSIGNED_32, b=UNSIGNED_32)
def test_unsigned_32(library, a, b):
    x, y = ctypes.c_uint32(a), ctypes.c_uint32(b)
    assert call(library, "__umulsidi3", ctypes.c_uint64, x, y) == a * b
    assert call(library, "__udivsi3", ctypes.c_uint32, x, y) == (a // b if b else 0)
    assert call(library, "__umodsi3", ctypes.c_uint32, x, y) == (a % b if b else a)


@given(a=SIGNED_32, b=SIGNED_32.filter(bool))
def test_signed_32(library, a, b):
    quotient = call(library, "__divsi3", ctypes.c_int32, ctypes.c_int32(a), ctypes.c_int32(b))
    assert quotient == ctypes.c_int32(towards_zero(a, b)).value


@given(a=UNSIGNED_64, b=UNSIGNED_64.filter(bool))
def test_unsigned_64(library, a, b):
    assert call(library, "__udivdi3", ctypes.c_uint64, ctypes.c_uint64(a), ctypes.c_uint64(b)) == a // b


@given(a=SIGNED_64, b=SIGNED_64.filter(bool))
def test_signed_64(library, a, b):
    x, y = ctypes.c_int64(a), ctypes.c_int64(b)
    assert call(library, "__muldi3", ctypes.c_int64, x, y) == ctypes.c_int64(a * b).value
    assert call(library, "__divdi3", ctypes.c_int64, x, y) == ctypes.c_int64(towards_zero(a, b)).value
