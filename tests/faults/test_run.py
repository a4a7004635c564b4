"""A share of everything, on the host and in QEMU; and runs that are interrupted."""

from dataclasses import replace

import pytest

from tests.builds import build_once, need
from toolchain.errors import ParityError
from toolchain.faults import (
    RANDOM,
    FaultTable,
    Plan,
    empty_result,
    make_task,
    measure_recovery,
    measure_session,
    require_nothing_wrong,
    run_plan,
)
from toolchain.faults.session import undamaged
from toolchain.link.port import open_port
from toolchain.link.timing import RoundTrip
from toolchain.target import load_target

JOBS = 4


def ignore(result) -> None:
    pass


def counts(result) -> dict[str, tuple[int, int]]:
    return {item.kind: (item.cases, item.right + item.named_error) for item in result.classes}


def all_good(plan) -> dict[str, tuple[int, int]]:
    return {kind: (len(numbers), len(numbers)) for kind, numbers in plan.cases().items()}


def test_a_share_of_all_faults_on_the_host(student, task, plan):
    result = run_plan(task, plan, empty_result(student, task, plan), JOBS, ignore)
    assert counts(result) == all_good(plan), result.failures
    assert result.unfinished is None
    assert result.sanitizers
    of = {item.kind: item for item in result.classes}
    assert of["bit flipped"].right == of["bit flipped"].cases
    assert of["board killed"].named_error == of["port lost"].named_error == 1
    assert of["port moved"].right == of["board reset"].right == 1
    require_nothing_wrong([result])


@pytest.mark.board
def test_a_share_of_all_faults_in_qemu(student):
    need("qemu-system-arm")
    target = load_target("mps2-an386")
    task = make_task(student, target, build_once(target.name, student.model))
    plan = Plan(measure_session(task, seed=0), seed=0, random_sessions=5, share=0.001)
    result = run_plan(task, plan, empty_result(student, task, plan), JOBS, ignore)
    assert counts(result) == all_good(plan), result.failures
    assert not result.sanitizers


def test_a_session_in_which_an_answer_was_late_is_measured_again(task, plan, monkeypatch):
    """Its further frames are in no other session, and a fault in one of them would never happen."""
    late, repeats, silence = iter([b""]), [], RoundTrip.silence

    def open_late(*arguments, **options):
        port = open_port(*arguments, **options)
        read = port.read
        port.read = lambda most: read(most) if (first := next(late, None)) is None else first
        return port

    def measured(*arguments):
        passed, repeated = undamaged(*arguments)
        repeats.append(repeated)
        return passed, repeated

    hasty = iter([-1.0])
    monkeypatch.setattr(RoundTrip, "silence", lambda self, number=0: next(hasty, silence(self, number)))
    monkeypatch.setattr("toolchain.link.channel.open_port", open_late)
    monkeypatch.setattr("toolchain.faults.prepare.undamaged", measured)
    assert measure_session(task, seed=0) == plan.passed
    assert repeats[0] > repeats[-1] == 0


def test_an_interrupted_run_goes_on_and_counts_every_case_once(student, task, plan, tmp_path):
    plan = replace(plan, share=0.0, random_sessions=120)
    path = tmp_path / "faults.json"

    def interrupt(result) -> None:
        FaultTable().with_row(result).write(path)
        if len(result.unfinished.done) == 2:
            raise KeyboardInterrupt

    empty = empty_result(student, task, plan)
    with pytest.raises(KeyboardInterrupt):
        run_plan(task, plan, empty, 1, interrupt)
    half = FaultTable.read(path).of(empty)
    assert half.is_same_work(empty)
    assert len(half.unfinished.done) == 2
    whole = run_plan(task, plan, half, JOBS, ignore)
    assert counts(whole) == all_good(plan)
    assert {item.kind: item.cases for item in whole.classes}[RANDOM] == 120


def test_another_image_or_other_sessions_are_not_gone_on_with(student, task, plan):
    empty = empty_result(student, task, plan)
    assert empty.is_same_work(empty_result(student, task, plan))
    for change in ({"seed": 1}, {"share": 0.5}, {"random_sessions": 3}):
        assert not empty.is_same_work(empty_result(student, task, replace(plan, **change)))
    assert not empty.is_same_work(empty_result(student, replace(task, build_id=bytes(8)), plan))


def test_wrong_answers_are_counted_named_and_refused(student, task, plan):
    plan = replace(plan, share=0.0, random_sessions=0)
    wrong = replace(task, values=task.values + 1, timeout=2.0)
    result = run_plan(wrong, plan, empty_result(student, wrong, plan), JOBS, ignore)
    of = {item.kind: item for item in result.classes}
    assert (of["bit flipped"].cases, of["bit flipped"].wrong) == (1, 1)
    assert (of["board killed"].wrong, of["port lost"].wrong) == (0, 0)
    assert len(result.failures) == sum(item.wrong for item in result.classes)
    with pytest.raises(ParityError, match=r"with faults on host came out wrong or hung; .*: the answer") as caught:
        require_nothing_wrong([result])
    assert "--case 'bit flipped:0'" in caught.value.hint


def test_sessions_without_an_end_are_counted_in_the_workers_too(student, task, plan):
    plan = replace(plan, share=0.0, random_sessions=3)
    endless = replace(task, limit=0.0001)
    result = run_plan(endless, plan, empty_result(student, endless, plan), JOBS, ignore)
    assert {item.kind: item.hang for item in result.classes} == {item.kind: item.cases for item in result.classes}
    with pytest.raises(ParityError, match=r"no end within 0\.0001 s"):
        require_nothing_wrong([result])


def test_recovery_is_measured_for_every_frame(task, plan):
    audio, other = measure_recovery(task, plan, repeats=1)
    frames = sum(map(len, plan.passed.frames.values()))
    assert audio.cases + other.cases == 2 * frames
    assert other.median_ms <= other.ms_99 <= other.most_ms
    assert other.most_ms > 0  # a lost hello is waited for; others take no longer than a busy computer's pauses
