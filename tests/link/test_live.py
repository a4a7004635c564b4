"""Live audio through the real firmware: every result is that of the reference, and nothing goes missing unnoticed."""

import subprocess
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests.link.attached_board import AttachedBoard
from toolchain.errors import LinkError
from toolchain.faults.boards import board_of
from toolchain.faults.fault import Direction, Fault, Kind
from toolchain.faults.proxy import Proxy
from toolchain.link import Board, Source
from toolchain.link import live as live_module
from toolchain.link.protocol import Live, Samples
from toolchain.reference.engine import run, run_stream
from toolchain.target import load_target

WINDOW = 800


@pytest.fixture
def board(device):
    with Board(device, timeout=3.0) as board:
        yield board


@pytest.fixture(scope="module")
def stream(speech_clips) -> np.ndarray:
    """Half a second of speech, loud and quiet."""
    pcm = speech_clips[0][6000:14_000].copy()
    pcm[2500:5000] //= 40
    return pcm


def assert_right(results, student, heard, window=WINDOW):
    """Results of all whole windows of what was heard, in order."""
    expected = list(run_stream(student, heard, window))
    assert [result.index for result in results] == list(range(len(expected)))
    for result, trace in zip(results, expected, strict=True):
        pcm = heard[result.index * window : (result.index + 1) * window]
        assert result.pcm_crc == zlib.crc32(pcm.astype("<i2").tobytes())
        assert np.array_equal(result.values, trace.output)
        assert result.ticks > 0


@pytest.mark.parametrize("window", [WINDOW, 777])
def test_results_are_those_of_the_reference(board, student, stream, window):
    with board.listen(window, Source.HOST) as listening:
        results = list(listening.results_of([stream[:3000], stream[3000:3001], stream[3001:]], real_time=False))
    assert_right(results, student, stream, window)
    assert listening.fed == len(stream)
    assert listening.dropped == 0


def test_real_time_takes_as_long_as_the_audio(board, student, stream):
    start = time.monotonic()
    with board.listen(WINDOW, Source.HOST) as listening:
        results = list(listening.results_of([stream]))
    assert time.monotonic() - start > 0.9 * len(stream) / 16_000
    if listening.dropped == 0:  # a busy computer may not keep up
        assert_right(results, student, stream)


def test_a_listening_starts_from_nothing(board, student, stream):
    for _ in range(2):
        with board.listen(WINDOW, Source.HOST) as listening:
            assert_right(list(listening.results_of([stream[:2500]], real_time=False)), student, stream[:2500])


def test_a_listening_goes_on_from_one_recording_to_the_next(board, student, stream):
    with board.listen(WINDOW, Source.HOST) as listening:
        results = [*listening.results_of([stream[:3000]], real_time=False)]
        results += listening.results_of([stream[3000:]], real_time=False)
    assert_right(results, student, stream)


def test_windows_and_live_audio_share_the_board(board, student, stream, pcm):
    """Each ends the other, and leaves nothing behind."""
    for _ in range(2):
        assert np.array_equal(board.infer(pcm).values, run(student, pcm).output)
        with board.listen(WINDOW, Source.HOST) as listening:
            assert len(list(listening.results_of([stream[:1000]], real_time=False))) == 1


def test_a_window_ends_a_listening(board, student, pcm):
    listening = board.listen(WINDOW, Source.HOST)
    assert np.array_equal(board.infer(pcm).values, run(student, pcm).output)
    with pytest.raises(LinkError, match="restarted while it listened"):
        list(listening.results_of([pcm], real_time=False))


def test_a_host_that_stops_looking_can_stop_the_board(board, stream):
    with board.listen(WINDOW, Source.HOST) as listening:
        next(listening.results_of([stream], real_time=False))
    assert board.memory() is not None


@pytest.mark.parametrize(
    ("samples", "source", "reason"),
    [
        (63, Source.HOST, "window too short"),
        (1 << 25, Source.HOST, "window too long"),
        (1600, Source.MICROPHONE, "no microphone"),
    ],
)
def test_what_a_board_cannot_do_is_refused_by_name(board, samples, source, reason):
    with pytest.raises(LinkError, match=f"refused to listen .*: {reason}"):
        board.listen(samples, source)


def test_samples_that_the_host_leaves_out_are_counted(board, student, stream):
    """As one does whose line is too slow: the offsets say so, and the window goes on."""
    with board.listen(WINDOW, Source.HOST) as listening:
        results = list(listening.results_of([stream[:2048]], real_time=False))
        listening._fed += 500
        results += listening.results_of([stream[2548:]], real_time=False)
    assert_right(results, student, np.concatenate((stream[:2048], stream[2548:])))
    assert [result.dropped for result in results[:2]] == [0, 0]
    assert results[-1].dropped == listening.dropped == 500


@pytest.fixture
def through(device) -> Iterator:
    """Feed a stream through a line with faults: (results, listening)."""

    def feed(faults, pcm):
        with Proxy(AttachedBoard(device), faults) as proxy, Board(proxy.url, timeout=3.0) as board:
            board.hello()
            with board.listen(WINDOW, Source.HOST) as listening:
                return list(listening.results_of([pcm], real_time=False)), listening

    return feed


def test_a_frame_lost_on_the_way_is_128_samples_dropped(through, student, stream):
    """HELLO and LISTEN are frames 0 and 1 at least; then come samples, and questions in between."""
    for frame in (2, 3, 4):
        results, listening = through([Fault(Direction.TO_BOARD, frame, Kind.LOSE_FRAME)], stream)
        assert listening.dropped in (0, 128)  # 0 if it was a question
        if listening.dropped:
            starts = range(0, len(stream), 128)
            kept = [np.concatenate((stream[:start], stream[start + 128 :])) for start in starts]
            assert_right(results, student, next(pcm for pcm in kept if _is_heard(results, pcm)))
        else:
            assert_right(results, student, stream)


def _is_heard(results, pcm):
    """Whether the CRCs of the first windows are those of ``pcm``."""
    return all(
        result.pcm_crc == zlib.crc32(pcm[WINDOW * result.index : WINDOW * (result.index + 1)].astype("<i2").tobytes())
        for result in results
    )


def test_lost_results_are_counted(board, stream):
    with board.listen(WINDOW, Source.HOST) as listening:
        take, skipped = board._channel.on_live, (2, 3, 6)
        board._channel.on_live = lambda live: None if live.index in skipped else take(live)
        results = list(listening.results_of([stream], real_time=False))
    assert [(result.index, result.lost_results) for result in results] == [
        (0, 0), (1, 0), (4, 2), (5, 0), (7, 1), (8, 0), (9, 0),
    ]  # fmt: skip


def test_a_damaged_line_never_gives_a_wrong_result(device, student, stream):
    """What a result is of is in its CRC: it equals the reference wherever no sample has been dropped so far."""
    faults = [Fault(Direction.TO_BOARD, 4000 + 997 * n, Kind.FLIP, 3) for n in range(4)]
    faults += [Fault(Direction.TO_HOST, 120 + 61 * n, Kind.FLIP, 2) for n in range(8)]
    with Proxy(AttachedBoard(device), faults) as proxy, Board(proxy.url, timeout=3.0) as board:
        board.hello()
        with board.listen(WINDOW, Source.HOST) as listening:
            results = list(listening.results_of([stream], real_time=False))
    expected = list(run_stream(student, stream, WINDOW))
    assert results
    for result in results:
        if result.dropped == 0:
            assert np.array_equal(result.values, expected[result.index].output)
    assert listening.dropped > 0


def test_a_result_that_was_there_before_shows_a_restart(board, stream):
    """The board forgot its listening, and took the host's next question for a new one."""
    listening = board.listen(WINDOW, Source.HOST)
    results = listening.results_of([stream], real_time=False)
    next(results)
    forgotten = Live(listening._request.listening, 0, 1, 2, 3, WINDOW, 0, 0, 1)
    with pytest.raises(LinkError, match="restarted while it listened"):
        board._channel.on_live(forgotten)


def test_a_taker_that_takes_its_time_is_no_silence_of_the_board(device, student, stream):
    with Board(device, timeout=3.0) as board, board.listen(WINDOW, Source.HOST) as listening:
        results = []
        for result in listening.results_of([stream], real_time=False):
            results.append(result)
            if result.index == 2:  # as if ten seconds had gone by
                listening._deadline._end -= 10.0
    assert_right(results, student, stream)


def test_a_window_longer_than_the_timeout_is_no_silence(device, student, stream, monkeypatch):
    """The host that only waits asks now and then, and sees that the board has heard more."""
    monkeypatch.setattr(live_module, "_ASK_SELDOM", 0.1)
    with Board(device, timeout=1.0) as board, board.listen(len(stream), Source.HOST) as listening:
        send, line = board._channel.send, threading.Lock()

        def send_alone(*arguments, **options):
            with line:  # frames of two threads would be mixed on the line
                return send(*arguments, **options)

        def speak() -> None:
            for start in range(0, len(stream), 100):
                pcm = stream[start : start + 100].astype("<i2").tobytes()
                send_alone(Samples(listening._request.listening, start, pcm))
                time.sleep(0.02)

        monkeypatch.setattr(board._channel, "send", send_alone)
        speaker = threading.Thread(target=speak)
        speaker.start()
        begun = time.monotonic()
        result = next(listening.results())
        assert time.monotonic() - begun > 1.2
        speaker.join()
    assert_right([result], student, stream, len(stream))


@pytest.mark.usefixtures("patient")  # a second answer to the first question would be of what the board has not heard
def test_offsets_wrap_round(board, student, stream):
    """After 74 hours."""
    with board.listen(WINDOW, Source.HOST) as listening:
        start = (1 << 32) - 1024
        # Two jumps of less than half of all offsets: as far as a board believes a gap to be.
        for offset in (1 << 31, start):
            listening._channel.send(Samples(listening._request.listening, offset - 1, b""))
        listening._fed = start - 1
        listening._progress = replace(listening._progress, next=start - 1)
        results = list(listening.results_of([stream], real_time=False))
    assert_right(results, student, stream)


def test_a_board_that_dies_is_an_error_in_time(build, stream):
    process = subprocess.Popen([build.elf], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process, Board(process.stdout.readline().strip(), timeout=1.0) as board:
        board.hello()
        listening = board.listen(WINDOW, Source.HOST)
        start = time.monotonic()
        with pytest.raises(LinkError, match=r"has gone|takes no more bytes|stopped listening after 1 results"):
            for _ in listening.results_of([np.tile(stream, 20)]):
                process.kill()
        assert time.monotonic() - start < 10.0  # it would go on for as long as the audio does


def test_a_board_that_restarts_is_an_error(build, stream):
    restart = Fault(Direction.TO_BOARD, 20, Kind.RESET, 0)
    with (
        board_of(load_target("host"), build.elf) as firmware,
        Proxy(firmware, [restart]) as proxy,
        Board(proxy.url, timeout=2.0) as board,
    ):
        board.hello()
        with (
            pytest.raises(LinkError, match="restarted while it listened"),
            board.listen(WINDOW, Source.HOST) as listening,
        ):
            list(listening.results_of([stream]))
