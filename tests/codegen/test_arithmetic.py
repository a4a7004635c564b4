"""The arithmetic that cores do differently: every form that this computer can run, against Python's integers."""

import ctypes
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.codegen.compiled import FORMS, STRICT
from tests.random_student import random_student
from toolchain.codegen.engine import generate_engine
from toolchain.quantize.tables import log2_table, twiddles
from toolchain.reference import fixed_point

DRIVER = Path(__file__).parent / "arithmetic_driver.c"

I32, U16, U32, U64 = ctypes.c_int32, ctypes.c_uint16, ctypes.c_uint32, ctypes.c_uint64
TYPES = {
    "product": (ctypes.c_int64, I32, I32),
    "power": (U64, I32, I32),
    "weigh": (U64, U64, U16),
    "leading_zeros": (U32, U32),
    "bit_length": (U32, U64),
    "log2_q16": (I32, U64),
    "scale": (I32, I32, I32),
    "add_cosine": (I32, I32, I32, U32),
    "add_sine": (I32, I32, I32, U32),
}

int32 = st.integers(-(2**31), 2**31 - 1)
turned = st.integers(1 - 2**30, 2**30 - 1)

Call = Callable[..., int]


@pytest.fixture(scope="module", params=FORMS)
def call(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Call:
    """Calls a function of the library by name."""
    folder = tmp_path_factory.mktemp("arithmetic")
    for name, text in generate_engine(random_student("wav2small-17k")).items():
        (folder / name).write_text(text)
    sanitized = ["-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all"]
    sources = [DRIVER, folder / "w2s_tables.c"]
    library = folder / "arithmetic.so"
    flags = [*STRICT, *sanitized, *FORMS[request.param], f"-I{folder}", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, *sources, "-o", library], check=True)
    functions = ctypes.CDLL(str(library))

    def function(name: str, *arguments: int) -> int:
        result, *parameters = TYPES[name]
        entry = getattr(functions, name)
        entry.restype, entry.argtypes = result, parameters
        return int(entry(*arguments))

    return function


@given(a=int32, b=int32)
@example(a=-(2**31), b=-(2**31))
@example(a=-(2**31), b=2**31 - 1)
@example(a=-1, b=2**31 - 1)
def test_product(call: Call, a: int, b: int) -> None:
    assert call("product", a, b) == a * b


@given(re=turned, im=turned)
@example(re=1 - 2**30, im=1 - 2**30)
@example(re=-1, im=0)
@example(re=2**30 - 1, im=1 - 2**30)
def test_power(call: Call, re: int, im: int) -> None:
    assert call("power", re, im) == (re * re + im * im) >> 14


@given(value=st.integers(0, 2**48 - 1), weight=st.integers(0, 2**16 - 1))
@example(value=2**48 - 1, weight=2**16 - 1)
def test_weigh(call: Call, value: int, weight: int) -> None:
    assert call("weigh", value, weight) == value * weight


@given(value=st.integers(1, 2**32 - 1))
def test_leading_zeros(call: Call, value: int) -> None:
    assert call("leading_zeros", value) == 32 - value.bit_length()


@pytest.mark.parametrize("bit", range(64))
def test_lengths_and_logarithms_around_powers_of_two(call: Call, bit: int) -> None:
    for value in {1 << bit, (1 << bit) - 1, (2 << bit) - 1} - {0}:
        assert call("bit_length", value) == value.bit_length()
        assert call("log2_q16", value) == fixed_point.log2_q16(np.array([value], np.uint64), log2_table())[0]
    assert call("bit_length", 0) == 0


@given(value=st.integers(1, 2**64 - 1))
def test_logarithm(call: Call, value: int) -> None:
    assert call("log2_q16", value) == fixed_point.log2_q16(np.array([value], np.uint64), log2_table())[0]


@given(value=st.integers(1 - 2**31 + 2**15, 2**31 - 2**15 - 1), bits=st.integers(-8, 0))
def test_scale_down(call: Call, value: int, bits: int) -> None:
    assert call("scale", value, bits) == fixed_point.shift_left(np.array([value]), np.array([bits]))[0]


@given(value=st.integers(1 - 2**8, 2**8 - 1), bits=st.integers(0, 22))
def test_scale_up(call: Call, value: int, bits: int) -> None:
    assert call("scale", value, bits) == value * 2**bits


@given(value=turned, k=st.integers(0, 31))
@example(value=2**30 - 1, k=0)
@example(value=1 - 2**30, k=0)
@example(value=1 - 2**30, k=16)
@example(value=-1, k=16)
def test_turns(call: Call, value: int, k: int) -> None:
    cosine, sine = (int(table[k]) for table in twiddles())
    assert call("add_cosine", 77, value, k) == 77 + (value * cosine >> 15)
    assert call("add_sine", -77, value, k) == -77 + (value * sine >> 15)
