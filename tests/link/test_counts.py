"""What goes over the line is counted: nothing is missing on a clean one, and everything that happens shows."""

from toolchain.link import Board
from toolchain.link.counts import Counts
from toolchain.link.protocol import Error, ErrorCode, HelloReply


def test_on_a_clean_line_every_request_is_answered_once(device, pcm):
    with Board(device) as board:
        board.hello()
        board.infer(pcm, exact_ticks=True)
        before = board.counts
        board.infer(pcm, exact_ticks=True)
        counts = board.counts.since(before)
    assert counts.sent == counts.answered >= 15  # BEGIN, 13 AUDIO, END
    assert counts.damaged == counts.starts == counts.restarts == 0


def test_a_damaged_request_is_counted_and_answered(device, pcm):
    with Board(device) as board:
        board.hello()
        board.infer(pcm, exact_ticks=True)
        before = board.counts
        board._channel._port.write(b"\x00\x05damaged\x00")
        board.infer(pcm, exact_ticks=True)
        counts = board.counts.since(before)
    assert counts.damaged >= 1


def test_a_lost_request_is_never_answered(device, pcm, monkeypatch):
    with Board(device) as board:
        board.hello()
        board.infer(pcm, exact_ticks=True)
        before, port = board.counts, board._channel._port
        write, lost = port.write, []

        def lose_third(data):
            lost.append(data)
            return len(data) if len(lost) == 3 else write(data)

        monkeypatch.setattr(port, "write", lose_third)
        board.infer(pcm, exact_ticks=True)
        counts = board.counts.since(before)
    assert counts.sent - counts.answered == 1
    assert counts.repeated + counts.resynchronised >= 1


def test_announcements_are_no_answers():
    counts = Counts()
    counts.take_reply(0, HelloReply(bytes(8), 3, 270, 960, 1, bytes(8), bytes(8), "host", "m"))
    counts.take_reply(0, Error(ErrorCode.DAMAGED_FRAME))
    assert (counts.starts, counts.answered, counts.damaged) == (1, 1, 1)
