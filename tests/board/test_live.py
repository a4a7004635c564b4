"""Live audio on one emulated board: in time, out of time, and on a board that dies."""

import os
import signal
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest

from tests.builds import build_to_emulate, need, need_emulator, replace_in_source, student_of
from tests.processes import listening_on
from toolchain.build import build_firmware
from toolchain.errors import LinkError
from toolchain.flash import open_board
from toolchain.link import Board, Source
from toolchain.model_names import MODELS
from toolchain.reference.engine import run, run_stream
from toolchain.target import load_target

pytestmark = pytest.mark.board

TARGET = load_target("mps2-an386")
MODEL = "wav2small-17k"
HOP = 32
WINDOW = 1600

#: Seconds in which a silent board must be an error: its timeout for what was written last, and for what is awaited,
#: and what a busy computer takes for both.
LIMIT = 20.0


@pytest.mark.parametrize("model", MODELS)
def test_a_board_that_is_fed_as_it_takes_it_drops_nothing(model, speech_clips):
    student, pcm = student_of(model), speech_clips[0][6000:14_000]
    build = build_to_emulate(TARGET.name, model)
    with open_board(TARGET, build.elf) as url, Board(url) as board:
        with board.listen(WINDOW, Source.HOST) as listening:
            results = list(listening.results_of([pcm], real_time=False))
        assert listening.dropped == 0
        expected = [trace.output for trace in run_stream(student, pcm, WINDOW)]
        assert np.array_equal([result.values for result in results], expected)
        # The board still does what it did before.
        assert np.array_equal(board.infer(pcm[:3200]).values, run(student, pcm[:3200]).output)
        memory = board.memory()
    assert memory.static_bytes == build.sizes.ram_static_bytes
    assert 0 < memory.stack_used < memory.stack_bytes


def test_in_real_time_every_sample_is_heard_or_counted(speech_clips):
    """Whether line and core keep up is this computer's affair."""
    build, pcm = build_to_emulate(TARGET.name, MODEL), speech_clips[1][:16_000]
    start = time.monotonic()
    with open_board(TARGET, build.elf) as url, Board(url) as board, board.listen(WINDOW, Source.HOST) as listening:
        results = list(listening.results_of([pcm]))
    assert time.monotonic() - start > 0.9
    assert len(results) == (len(pcm) - listening.dropped) // WINDOW
    expected = [trace.output for trace in run_stream(student_of(MODEL), pcm, WINDOW)]
    for result in results:
        assert result.dropped > 0 or np.array_equal(result.values, expected[result.index])


#: Sounds that repeat with every hop, from loud to quiet: dropping whole hops of one leaves nothing to be seen but
#: that it is shorter. What a window holds is then told by its CRC.
SOUNDS = tuple(
    (level * np.random.default_rng(number).normal(size=HOP)).astype(np.int16)
    for number, level in enumerate((3000, 200, 20, 6000, 900, 9000))
)
SOUND_HOPS = 200


@pytest.fixture
def slow_board(tmp_path, monkeypatch) -> Iterator[Board]:
    """A core that takes milliseconds longer for every hop."""
    push, delay = "    w2s_push(live.engine", "    for (volatile uint32_t i = 0; i < 1000000u; i++) { }\n"
    replace_in_source(monkeypatch, "app/live.c", push, delay + push)
    need(TARGET.compiler.command)
    need_emulator(TARGET)
    build = build_firmware(student_of(MODEL), TARGET, tmp_path / "build")
    with open_board(TARGET, build.elf) as url, Board(url) as board:
        yield board


def test_a_board_that_is_fed_too_fast_counts_what_it_drops_and_is_right_about_the_rest(slow_board):
    fed = np.concatenate([np.tile(sound, SOUND_HOPS) for sound in SOUNDS])
    with slow_board.listen(WINDOW, Source.HOST) as listening:
        listening._progress = replace(listening._progress, room=len(fed))
        listening._credit = 4 * len(fed)
        results = list(listening.results_of([fed], real_time=False))
    assert listening.dropped > len(fed) // 10
    taken = len(fed) - listening.dropped
    assert len(results) == taken // WINDOW >= 3
    drops = [result.dropped for result in results]
    assert drops == sorted(drops)

    hops = [hop for result in results for hop in heard_hops(result.pcm_crc)]
    assert hops == sorted(hops)
    assert all(hops.count(number) <= SOUND_HOPS for number in range(len(SOUNDS)))
    heard = np.concatenate([SOUNDS[number] for number in hops])
    expected = [trace.output for trace in run_stream(student_of(MODEL), heard, WINDOW)]
    assert np.array_equal([result.values for result in results], expected)


def heard_hops(crc: int) -> list[int]:
    """The sound of every hop of a window, from its CRC: at most three sounds, in their order."""
    hops = WINDOW // HOP
    for kinds in (1, 2, 3):
        for sounds in combinations(range(len(SOUNDS)), kinds):
            for cuts in combinations(range(1, hops), kinds - 1):
                lengths = [end - start for start, end in pairwise((0, *cuts, hops))]
                window = [number for number, length in zip(sounds, lengths, strict=True) for _ in range(length)]
                pcm = b"".join(SOUNDS[number].astype("<i2").tobytes() for number in window)
                if zlib.crc32(pcm) == crc:
                    return window
    raise AssertionError("the CRC is that of no window that could have been heard")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_a_board_that_stops_while_it_listens_is_an_error_in_time(end, speech_clips):
    """Killed, it takes its port along; stopped, it just says nothing any more."""
    timeout = 1.0
    build = build_to_emulate(TARGET.name, MODEL)
    with pytest.raises(LinkError) as caught, open_board(TARGET, build.elf) as url, Board(url, timeout=timeout) as board:
        qemu = listening_on(url)
        try:
            with board.listen(WINDOW, Source.HOST) as live:
                for result in live.results_of(speech_clips, real_time=False):
                    if result.index == 1:
                        os.kill(qemu, end)
                        start = time.monotonic()
        finally:
            assert time.monotonic() - start < LIMIT
            if end == signal.SIGSTOP:
                os.kill(qemu, signal.SIGKILL)
    expected = "has gone" if end == signal.SIGKILL else "stopped listening after "
    assert expected in caught.value.message or "takes no more bytes" in caught.value.message
