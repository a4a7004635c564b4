"""Measurements that are made up: what must not pass does not, and is named."""

import random

import pytest

from toolchain.errors import DriftError
from toolchain.soak import problems, require_no_drift
from toolchain.soak.judge import GROWTH_KIB, finished
from toolchain.soak.report import Batch, Row, SoakTable
from toolchain.soak.usage import Usage

CLIPS = 10_000
BATCHES = 100


def usage(kib, files=10, threads=2):
    return Usage(resident_kib=kib, files=files, threads=threads)


def batch(number, **changes):
    """One of a hundred on a board that is as it should be; memory wavers as it does."""
    noise = random.Random(number).randrange(0, 100)
    facts = {
        "session": 1, "clips": CLIPS // BATCHES, "equal": CLIPS // BATCHES, "seconds": 10.0, "lost": 0, "damaged": 0,
        "repeated": 0, "restarts": 0, "ticks": {0: 256_000, 1: 512_000}, "stack_used": 1000,
        "host": usage(80_000 + noise), "board": usage(60_000 - noise),
    }  # fmt: skip
    return Batch.model_validate({**facts, **changes})


def judged(change=lambda number: {}, batches=BATCHES, health="sound", **facts):
    identity = {"board": "b", "target": "b", "model": "m", "build_id": "ab", "model_hash": "cd", "seed": 0}
    work = {"wanted": CLIPS, "clip_seconds": 0.1, "distinct": 2, "ticks_per_instruction": 25.6, **facts}
    row = Row(**identity, **work, batches=tuple(batch(number, **change(number)) for number in range(batches)))
    return finished(row, health)


def test_a_steady_board_passes_and_its_batches_are_let_go_of():
    row = judged()
    assert problems(row) == []
    assert row.batches == ()
    assert (row.figures.clips, row.figures.drift_instructions, row.figures.ticks_compared) == (CLIPS, 0, 2)
    assert abs(row.figures.host_growth_kib) < 100
    require_no_drift([row])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda n: {"equal": 99} if n == 50 else {}, "1 results are wrong"),
        (lambda n: {"lost": 1} if n == 50 else {}, "1 frames were lost"),
        (lambda n: {"damaged": 2} if n == 99 else {}, "2 frames were damaged"),
        (lambda n: {"restarts": 1} if n == 3 else {}, "the board restarted 1 times"),
        (lambda n: {"ticks": {0: 256_000, 1: 512_000 + n}}, "the same clip takes 4 instructions more or less"),
        (lambda n: {"ticks": {0: 256_000} if n < 50 else {1: 512_000}}, "no clip ran undisturbed in the first and"),
        (lambda n: {"stack_used": 1000 if n < 99 else 1008}, "the board's stack has held changed from 1,000 to 1,008"),
        (lambda n: {"host": usage(80_000 + 30 * n)}, "the memory of this computer's process grew by 3,000 KiB"),
        (lambda n: {"board": usage(60_000 + 30 * n)}, "the memory of the emulator grew by 3,000 KiB"),
        (lambda n: {"host": usage(80_000, files=10 + n // 30)}, "open files of this computer's process changed"),
        (lambda n: {"host": usage(80_000, threads=2 + n // 30)}, "threads of this computer's process changed"),
        (lambda n: {"board": usage(60_000, files=10 + n // 30)}, "open files of the emulator changed"),
    ],
)
def test_what_drifts_leaks_or_gets_lost_does_not_pass(change, said):
    row = judged(change)
    assert len(problems(row)) == 1
    assert said in problems(row)[0]
    assert len(row.batches) == BATCHES
    with pytest.raises(DriftError, match="1 of 2 boards did not pass the soak; b: ") as error:
        require_no_drift([judged(), row])
    assert said in error.value.message
    assert error.value.exit_code == 9


def test_a_leak_is_seen_through_what_warms_up_and_through_one_high_sample():
    warming = judged(lambda n: {"host": usage(60_000 + 2_000 * min(n, 9))})
    assert problems(warming) == []
    high = judged(lambda n: {"host": usage(80_000 + (20_000 if n == 99 else 0))})
    assert problems(high) == []
    assert judged(lambda n: {"host": usage(80_000 + GROWTH_KIB * n // 50)}).figures.host_growth_kib > GROWTH_KIB


def test_sessions_are_judged_one_by_one():
    """A new process begins with other memory, and its board with a fresh stack."""

    def second(number):
        if number < 50:
            return {"session": 1}
        return {"session": 2, "host": usage(90_000), "stack_used": 900 if number < 55 else 1000}

    row = judged(second)
    assert problems(row) == []
    assert row.figures.sessions == 2


def test_a_row_that_was_never_long_enough_is_not_taken_for_a_good_one():
    row = judged(lambda n: {"session": n + 1})
    assert any("was not measured" in text for text in problems(row))


def test_too_few_clips_and_a_board_that_is_not_sound_do_not_pass():
    assert "only 5,000 of 10,000 clips were run" in problems(judged(batches=50))
    (said,) = problems(judged(health="its image is damaged"))
    assert said == "at the end the board is not sound: its image is damaged"


def test_time_of_the_computer_is_not_taken_for_drift():
    row = judged(lambda n: {"ticks": {0: 256_000 + 1000 * n}}, ticks_per_instruction=None)
    assert problems(row) == []
    assert row.figures.drift_instructions is None


def test_a_table_can_be_read_back(tmp_path):
    path = tmp_path / "soak.json"
    table = SoakTable().with_row(judged()).with_row(judged(lambda n: {"lost": 1}).model_copy(update={"board": "a"}))
    table.write(path)
    assert SoakTable.read(path) == table
    assert [row.board for row in table.boards] == ["a", "b"]
    assert len(table.with_row(judged()).boards) == 2
