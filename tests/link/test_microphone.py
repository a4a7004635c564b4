"""A board's own microphone, here a driver that has heard something before it is asked."""

import re
import time

import numpy as np
import pytest

from tests.builds import sanitized_host, strict, student_of
from toolchain.build import build_firmware
from toolchain.build import firmware as firmware_module
from toolchain.build.sources import firmware_sources
from toolchain.errors import LinkError
from toolchain.flash import open_board
from toolchain.link import Board, Source
from toolchain.reference.engine import run, run_stream

MODEL = "wav2small-17k"
WINDOW = 128

#: More than the 512 samples that may wait; the rest is dropped.
HEARD = 600

DRIVER = f"""
#include "microphone.h"

#include "pcm_ring.h"

void microphone_start(void)
{{
    for (int32_t i = 0; i < {HEARD}; i++) {{
        const int16_t sample = (int16_t)(i * 37 % 2001 - 1000);
        pcm_ring_put(&sample, 1);
    }}
}}

void microphone_stop(void)
{{
}}
"""


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    def with_microphone(student, target, **options):
        sources = firmware_sources(student, target, **options)
        config, changes = re.subn(r"(#define HAS_MICROPHONE) 0", r"\1 1", sources["app/config.h"])
        assert changes == 1
        return {**sources, "app/config.h": config, "board/link.c": DRIVER}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(firmware_module, "firmware_sources", with_microphone)
        return build_firmware(student_of(MODEL), strict(sanitized_host()), tmp_path_factory.mktemp("build") / MODEL)


@pytest.fixture
def board(build):
    with open_board(sanitized_host(), build.elf) as url, Board(url, timeout=1.5) as board:
        yield board


def test_results_are_of_what_the_microphone_heard(board):
    pcm = (np.arange(HEARD) * 37 % 2001 - 1000).astype(np.int16)[:512]
    expected = [trace.output for trace in run_stream(student_of(MODEL), pcm, WINDOW)]
    for _ in range(2):
        with board.listen(WINDOW, Source.MICROPHONE) as listening:
            stream = listening.results()
            results = [next(stream) for _ in expected]
        assert np.array_equal([result.values for result in results], expected)
        assert {result.dropped for result in results} == {HEARD - 512} == {listening.dropped}
    assert np.array_equal(board.infer(pcm).values, run(student_of(MODEL), pcm).output)


def test_the_host_can_take_the_microphones_place(board):
    pcm = (np.random.default_rng(0).normal(size=512) * 3000).astype(np.int16)
    with board.listen(WINDOW, Source.HOST) as listening:
        results = list(listening.results_of([pcm], real_time=False))
    expected = [trace.output for trace in run_stream(student_of(MODEL), pcm, WINDOW)]
    assert np.array_equal([result.values for result in results], expected)


def test_a_microphone_that_falls_silent_is_an_error_in_time(board):
    with board.listen(WINDOW, Source.MICROPHONE) as listening:
        stream = listening.results()
        for _ in range(4):
            next(stream)
        start = time.monotonic()
        with pytest.raises(LinkError, match="stopped listening after 4 results: no progress within"):
            next(stream)
        assert time.monotonic() - start < 30.0
