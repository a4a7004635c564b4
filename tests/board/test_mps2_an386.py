"""The real image on a Cortex-M4 that QEMU emulates."""

import os
import signal
import time
from dataclasses import replace

import numpy as np
import pytest

from tests.builds import build_once, student_of
from tests.processes import command_line, descendants
from toolchain.build import build_firmware
from toolchain.build import firmware as firmware_module
from toolchain.build.sources import firmware_sources
from toolchain.errors import LinkError
from toolchain.flash import open_board
from toolchain.link import Board
from toolchain.model_names import MODELS
from toolchain.reference.engine import run
from toolchain.target import load_target

pytestmark = pytest.mark.board

TARGET = load_target("mps2-an386")

#: Bytes of RAM of the whole image, stack included, and of flash.
LIMITS = {"wav2small-17k": (16_384, 49_152), "wav2small-72k": (24_576, 114_688)}

#: An interrupt that comes when the stack is deepest adds its frame (Armv7-M, B1.5.6) and the driver's own.
INTERRUPT_BYTES = 32 + 32


def noise(samples: int, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=samples) * 4000).astype(np.int16)


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    return request.param


@pytest.fixture(scope="module")
def build(model):
    return build_once(TARGET.name, model)


@pytest.fixture(scope="module")
def board(build):
    with open_board(TARGET, build.elf) as url, Board(url) as board:
        hello = board.require(build_id=build.build_id, model_hash=build.model_hash)
        assert hello.target == TARGET.name
        yield board


@pytest.mark.parametrize("seconds", [0.2, 1.0, 3.3])
def test_values_are_those_of_the_reference(board, model, seconds):
    pcm = noise(int(seconds * 16_000))
    assert np.array_equal(board.infer(pcm).values, run(student_of(model), pcm).output)


def test_every_layer_is_that_of_the_reference(board, model):
    student, pcm = student_of(model), noise(1800, seed=1)
    rows = run(student, pcm).rows
    for layer, name in enumerate(student.layer_names):
        expected = np.ascontiguousarray(rows[name]).view(np.int8).reshape(len(rows[name]), -1)
        assert np.array_equal(board.tap(layer, pcm), expected), name


def test_exact_ticks_are_the_same_count_of_instructions_in_every_run(board):
    pcm = noise(1600)
    ticks = [board.infer(pcm, exact_ticks=True).ticks for _ in range(5)]
    instructions = {round(count / TARGET.emulator.ticks_per_instruction) for count in ticks}
    assert len(instructions) == 1


def test_the_image_is_within_its_limits(board, model, build):
    board.infer(noise(3200))
    memory = board.memory()
    assert memory.static_bytes == build.sizes.ram_static_bytes
    assert 0 < memory.stack_used < memory.stack_bytes == TARGET.memory.stack_bytes
    ram_limit, flash_limit = LIMITS[model]
    assert memory.static_bytes + memory.stack_used <= ram_limit
    assert build.sizes.flash_bytes <= flash_limit


def test_a_minute_takes_no_more_memory_than_a_fifth_of_a_second():
    build = build_once(TARGET.name, "wav2small-17k")
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
    build, pcm = build_once(TARGET.name, "wav2small-17k"), noise(8000)
    with open_board(TARGET, build.elf) as url, Board(url) as board:
        board._hello = replace(board.hello(), credit=20_000)
        assert np.array_equal(board.infer(pcm).values, run(student_of("wav2small-17k"), pcm).output)


def test_firmware_that_crashes_on_a_clip_is_named(tmp_path, monkeypatch):
    """A fault restarts the board, which then does not know the window any more."""

    def crashing(student, target):
        sources = firmware_sources(student, target)
        session = sources["app/session.c"]
        crash = 'if (offset > 1000) { __asm__ volatile("udf #0"); }'
        sources["app/session.c"] = session.replace("if (!window_push(", f"{crash} if (!window_push(")
        return sources

    monkeypatch.setattr(firmware_module, "firmware_sources", crashing)
    build = build_firmware(student_of("wav2small-17k"), TARGET, tmp_path / "build")
    with open_board(TARGET, build.elf) as url, Board(url) as board:
        with pytest.raises(LinkError, match="restarted 4 times in the middle of one clip"):
            board.infer(noise(3200))
        assert board.hello().build_id == build.build_id


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_a_board_that_stops_in_the_middle_of_a_clip_is_an_error_in_time(end):
    """Killed, it takes its port along; stopped, it just says nothing any more."""
    timeout = 1.0
    build = build_once(TARGET.name, "wav2small-17k")
    with pytest.raises(LinkError) as caught, open_board(TARGET, build.elf) as url, Board(url, timeout=timeout) as board:
        board.hello()
        qemu = _process_listening_on(url)
        try:
            start = time.monotonic()
            board.infer(noise(16_000), on_progress=lambda samples: os.kill(qemu, end))
        finally:
            assert time.monotonic() - start < timeout + 1
            if end == signal.SIGSTOP:
                os.kill(qemu, signal.SIGKILL)
    expected = "has gone" if end == signal.SIGKILL else "stopped answering at sample"
    assert expected in caught.value.message or "takes no more bytes" in caught.value.message


def _process_listening_on(url: str) -> int:
    port = url.rpartition(":")[2]
    commands = {pid: command_line(pid) for pid in descendants()}
    return next(
        pid for pid, command in commands.items() if f":{port}," in command and "qemu-system-arm" in command.split()[0]
    )
