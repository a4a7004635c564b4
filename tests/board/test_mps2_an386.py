"""What is tested on one emulated board only: every layer, long audio and deaths."""

import os
import signal
import time
from dataclasses import replace

import numpy as np
import pytest

from tests.builds import build_to_emulate, student_of
from tests.processes import listening_on
from toolchain.errors import LinkError
from toolchain.flash import open_board
from toolchain.link import Board
from toolchain.model_names import MODELS
from toolchain.reference.engine import run
from toolchain.target import load_target

pytestmark = pytest.mark.board

TARGET = load_target("mps2-an386")

#: Seconds in which a silent board must be an error: its timeout for what was written last, and for what is awaited,
#: and what a busy computer takes for both.
LIMIT = 20.0

#: An interrupt that comes when the stack is deepest adds its frame (Armv7-M, B1.5.6) and the driver's own.
INTERRUPT_BYTES = 32 + 32


def noise(samples: int, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=samples) * 4000).astype(np.int16)


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    return request.param


@pytest.fixture(scope="module")
def build(model):
    return build_to_emulate(TARGET.name, model)


@pytest.fixture(scope="module")
def board(build):
    with open_board(TARGET, build.elf) as url, Board(url) as board:
        hello = board.require(build_id=build.build_id, model_hash=build.model_hash)
        assert hello.target == TARGET.name
        yield board


def test_every_layer_is_that_of_the_reference(board, model):
    student, pcm = student_of(model), noise(1800, seed=1)
    rows = run(student, pcm).rows
    for layer, name in enumerate(student.layer_names):
        expected = np.ascontiguousarray(rows[name]).view(np.int8).reshape(len(rows[name]), -1)
        assert np.array_equal(board.tap(layer, pcm), expected), name


def test_a_minute_takes_no_more_memory_than_a_fifth_of_a_second():
    build = build_to_emulate(TARGET.name, "wav2small-17k")
    with open_board(TARGET, build.elf) as url, Board(url) as board:
        board.infer(noise(3200))
        short = board.memory()
        minute = noise(60 * 16_000)
        assert np.array_equal(board.infer(minute).values, run(student_of("wav2small-17k"), minute).output)
        memory = board.memory()
    assert memory.static_bytes == short.static_bytes
    assert memory.stack_used <= short.stack_used + INTERRUPT_BYTES


def test_a_board_with_another_model_is_refused(board, model):
    other = next(name for name in MODELS if name != model)
    with pytest.raises(LinkError, match=f"runs model .*{model}"):
        board.require(build_id=bytes(8), model_hash=student_of(other).digest()[:8])


def test_a_host_that_ignores_the_credit_overruns_the_ring_and_still_gets_the_right_answer():
    build, pcm = build_to_emulate(TARGET.name, "wav2small-17k"), noise(8000)
    with open_board(TARGET, build.elf) as url, Board(url) as board:
        board._session._hello = replace(board.hello(), credit=20_000)
        assert np.array_equal(board.infer(pcm).values, run(student_of("wav2small-17k"), pcm).output)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_a_board_that_stops_in_the_middle_of_a_clip_is_an_error_in_time(end):
    """Killed, it takes its port along; stopped, it just says nothing any more."""
    timeout = 1.0
    build = build_to_emulate(TARGET.name, "wav2small-17k")
    with pytest.raises(LinkError) as caught, open_board(TARGET, build.elf) as url, Board(url, timeout=timeout) as board:
        board.hello()
        qemu = listening_on(url)
        try:
            start = time.monotonic()
            board.infer(noise(16_000), on_progress=lambda samples: os.kill(qemu, end))
        finally:
            assert time.monotonic() - start < LIMIT
            if end == signal.SIGSTOP:
                os.kill(qemu, signal.SIGKILL)
    expected = "has gone" if end == signal.SIGKILL else "stopped answering at sample"
    assert expected in caught.value.message or "takes no more bytes" in caught.value.message
