"""A board that talks without answering is an error in time; so is one that answers what cannot be."""

import time

import numpy as np
import pytest

from tests.link.scripted_board import BABBLE_SECONDS, HELLO, answering, scripted_board
from toolchain.errors import LinkError
from toolchain.link import Board, Source, read_back
from toolchain.link.frames import encode
from toolchain.link.protocol import (
    Ack,
    End,
    Error,
    ErrorCode,
    HealthReply,
    Listen,
    Listening,
    Live,
    Message,
    ProfileReply,
    Result,
    Stop,
    Tap,
    to_frame,
)

TIMEOUT = 0.5
WINDOW = 800

#: What answers nothing: frames that are well-formed and not, and what is no frame.
BABBLE = {
    "foreign bytes": b"\x55" * 30,
    "damaged frames": encode(to_frame(HELLO, 0))[:-5] + b"\0",
    "old answers": encode(to_frame(Ack(7, 7), 200)) * 3,
    "lost frames": encode(to_frame(Error(ErrorCode.DAMAGED_FRAME), 0)),
    "rows": encode(to_frame(Tap(7, 7, 7, bytes(20)), 200)),
    "live results": encode(to_frame(Live(7, 7, 1, 2, 3, 4, 5, 6, 7), 0)),
}

babbling = pytest.mark.parametrize("babble", BABBLE.values(), ids=BABBLE.keys())


@pytest.fixture(autouse=True)
def in_time():
    """Nothing here goes on for as long as the board babbles."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < BABBLE_SECONDS - 1


@babbling
def test_a_babbling_board_that_answers_nothing_is_named(babble):
    with scripted_board(lambda request: None, babble) as url, Board(url, timeout=TIMEOUT) as board:
        with pytest.raises(LinkError, match=r"no board answered on .* though bytes come in"):
            board.hello()
        with pytest.raises(LinkError, match="did not say whether it is sound within"):
            board.health()
    with scripted_board(lambda request: None, babble) as url, pytest.raises(LinkError, match="no board answered"):
        read_back(url, 115_200, build_id=bytes(8), model_hash=bytes(8), boot_seconds=TIMEOUT)


@babbling
def test_a_board_that_babbles_in_the_middle_is_named(babble, pcm):
    with scripted_board(answering(), babble) as url, Board(url, timeout=TIMEOUT) as board:
        with pytest.raises(LinkError, match="stopped answering at sample 0 of 1,600"):
            board.infer(pcm)
        with pytest.raises(LinkError, match="did not say how much memory"):
            board.memory()


@babbling
@pytest.mark.parametrize("source", list(Source))
def test_a_board_that_babbles_while_it_listens_is_named(babble, pcm, source):
    silent = False

    def answer(request: Message) -> Message | None:
        return None if silent else answering()(request)

    with scripted_board(answer, babble) as url, Board(url, timeout=TIMEOUT) as board:
        listening = board.listen(WINDOW, source)
        silent = True
        results = listening.results_of([pcm], real_time=False) if source is Source.HOST else listening.results()
        with pytest.raises(LinkError, match="stopped listening after 0 results"):
            list(results)
        with pytest.raises(LinkError, match="did not stop listening"):
            listening.stop()


@babbling
def test_answers_are_found_among_babble(device, build, student, pcm, babble):
    """Useless frames hide neither an answer nor a silence."""
    with scripted_board(answering(), babble) as url, Board(url, timeout=TIMEOUT) as board:
        for _ in range(20):
            assert board.hello().target == "host"


def test_progress_that_goes_round_in_circles_is_none(pcm):
    """The engine takes a sample, and has it before it again."""
    waiting = iter(range(10**9))

    def answer(request: Message) -> Message | None:
        if isinstance(request, Listen):
            return Listening(request.listening, 100, 50 + next(waiting) % 2, 0, 4096)
        return answering()(request)

    with scripted_board(answer) as url, Board(url, timeout=TIMEOUT) as board:
        listening = board.listen(WINDOW, Source.HOST)
        with pytest.raises(LinkError, match="stopped listening after 0 results"):
            list(listening.results_of([pcm], real_time=False))


@pytest.mark.parametrize(
    ("live", "said"),
    [
        (lambda number: Live(number, 5, 1, 2, 3, WINDOW, 0, 6, 7), r"6 results of a listening of [\d,]+ samples"),
        (lambda number: Live(number, 0, 1, 2, 3, 64, 0, 6, 7), "a result of 64 samples in windows of 800"),
    ],
    ids=["too many", "another window"],
)
def test_live_results_that_cannot_be_are_refused(pcm, live, said):
    with scripted_board(answering()) as url, Board(url, timeout=TIMEOUT) as board:
        listening = board.listen(WINDOW, Source.HOST)
        results = listening.results_of([pcm], real_time=False)
        listening._is_fed = True
        with pytest.raises(LinkError, match=f"says it has {said}"):
            board._channel.on_live(live(listening._request.listening))
        results.close()


def test_more_samples_than_were_sent_are_refused(pcm):
    def answer(request: Message) -> Message | None:
        return Listening(request.listening, 5000, 0, 0, 4096) if isinstance(request, Listen) else answering()(request)

    with scripted_board(answer) as url, Board(url, timeout=TIMEOUT) as board:
        listening = board.listen(WINDOW, Source.HOST)
        with pytest.raises(LinkError, match=r"says it has 5,000 samples of a listening of [\d,]+"):
            list(listening.results_of([pcm], real_time=False))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ticks_hz": 0}, "its counter has no ticks per second"),
        ({"version": 99}, "speaks version 99 of the link"),
        ({"target": "\x1b[2J"}, "no board answered on .* though bytes come in"),
    ],
)
def test_a_hello_that_cannot_be_is_refused(changes, said):
    with scripted_board(answering(**changes)) as url, Board(url, timeout=TIMEOUT) as board:
        with pytest.raises(LinkError, match=said):
            board.hello()
        with pytest.raises(LinkError, match=said):
            board.memory()


@pytest.mark.parametrize("content_limit", [0, 13, 15])
def test_a_board_without_room_for_audio_is_refused(content_limit, pcm):
    with scripted_board(answering(content_limit=content_limit)) as url, Board(url, timeout=TIMEOUT) as board:
        with pytest.raises(LinkError, match=f"takes frames of {content_limit} bytes: too few for audio"):
            board.infer(pcm)
        with pytest.raises(LinkError, match="too few for audio"):
            board.listen(WINDOW, Source.HOST)


@pytest.mark.parametrize(("content_limit", "credit"), [(270, 0), (270, 65_535)])
def test_extreme_limits_and_credits_end_in_time(content_limit, credit, pcm):
    limits = answering(content_limit=content_limit, credit=credit)
    with scripted_board(limits) as url, Board(url, timeout=TIMEOUT) as board:
        with pytest.raises(LinkError, match="stopped answering at sample 0"):
            board.infer(pcm)
        assert list(board.listen(WINDOW, Source.HOST).results_of([pcm], real_time=False)) == []


def test_frames_longer_than_what_may_wait_are_an_error_in_time(pcm):
    longest = answering(content_limit=65_535, credit=65_535)
    named = pytest.raises(LinkError, match="stopped listening after 0 results")
    with scripted_board(longest) as url, Board(url, timeout=TIMEOUT) as board, named:
        list(board.listen(WINDOW, Source.HOST).results_of([pcm], real_time=False))


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (HealthReply(9, 0, 0, 0, 0, 0), "says of its image what is not known: 9"),
        (Error(200), "refused a request: error 200"),
        (ProfileReply((1, 2)), "did not say whether it is sound within"),
    ],
)
def test_an_unknown_state_of_health_is_refused(reply, said):
    named = pytest.raises(LinkError, match=said)
    with scripted_board(lambda request: reply) as url, Board(url, timeout=TIMEOUT) as board, named:
        board.health()


def test_rows_without_number_take_no_memory(pcm):
    """A board that claims four billion rows of a layer is asked again, and then refused."""

    def answer(request: Message) -> Message | None:
        match request:
            case End(window):
                return Result(window, 0, 1, 2, 3, 0, 0, 4, 2**32 - 1)
        return answering()(request)

    empty = np.zeros(0, np.int16)
    named = pytest.raises(LinkError, match="rows of layer 3 were lost on the line in 4 runs")
    with scripted_board(answer) as url, Board(url, timeout=TIMEOUT) as board, named:
        board.tap(3, empty)


def test_a_listening_that_is_stopped_late_is_an_error():
    def answer(request: Message) -> Message | None:
        return Error(ErrorCode.UNKNOWN_TYPE) if isinstance(request, Stop) else answering()(request)

    named = pytest.raises(LinkError, match="refused to stop listening: unknown type")
    with scripted_board(answer) as url, Board(url, timeout=TIMEOUT) as board, named:
        board.listen(WINDOW, Source.HOST).stop()
