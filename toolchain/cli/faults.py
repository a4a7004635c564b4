"""``toolchain faults``."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolchain.cli.console import print_table, progress, step
from toolchain.cli.keeper import Keeper, require_file
from toolchain.cli.options import DEFAULT_OUT, ModelOption, OutOption

if TYPE_CHECKING:
    from toolchain.faults import Passed, Plan, TargetResult, Task
    from toolchain.quantize.student import QuantizedStudent
    from toolchain.target import Target

EXAMPLE = "toolchain faults --target host --share 0.02 --random 200"

_DEFAULT_RANDOM = 1000
_DEFAULT_JOBS = 8
_DEFAULT_REPEATS = 20


def faults(
    target: Annotated[
        list[str],
        typer.Option(
            "--target", "-t", metavar="NAME", help="Board to try: host, or one that QEMU emulates. May be repeated."
        ),
    ],
    model: ModelOption = None,
    share: Annotated[
        float,
        typer.Option(
            "--share", min=0.0, max=1.0, metavar="PART", help="Part of all single faults that is tried, evenly spread."
        ),
    ] = 1.0,
    random: Annotated[
        int, typer.Option("--random", min=0, metavar="N", help="Sessions with two to eight random faults.")
    ] = _DEFAULT_RANDOM,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Seed of all that is random.")] = 0,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, metavar="N", help="Boards at a time; a session mostly waits.")
    ] = _DEFAULT_JOBS,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Keep the result in FILE, batch by batch.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with FILE where a run of the same sessions was interrupted.")
    ] = False,
    recovery: Annotated[
        int,
        typer.Option(
            "--recovery",
            min=0,
            metavar="N",
            help="On the target host, how often each frame is lost and damaged to measure what that costs; 0: never.",
        ),
    ] = _DEFAULT_REPEATS,
    case: Annotated[
        str | None,
        typer.Option("--case", metavar="CLASS:NUMBER", help="Run this one session alone and say how it ends."),
    ] = None,
    out: OutOption = DEFAULT_OUT,
) -> None:
    """Try every single fault on the line to a board: each must end in the right answer or a named error.

    A proxy stands between this computer and the real firmware. In a session of one short clip it flips every bit,
    drops, duplicates, inserts and reorders every byte, cuts and merges frames, adds boot noise, stalls, resets and
    kills the board and takes the port away, one fault in each session; then several at random. The firmware for the
    host is built with sanitizers. A wrong answer or a session without an end fails with exit code 7.
    """
    from toolchain.errors import UsageError

    if os.name != "posix":
        raise UsageError("faults are tried on Linux and macOS only", "the proxy needs their pseudo-terminals")

    from toolchain.cli.fault_tables import drawn_faults
    from toolchain.cli.students import open_student
    from toolchain.faults import FaultTable, Plan, empty_result, require_nothing_wrong, require_resettable
    from toolchain.faults.prepare import FOLDER
    from toolchain.locks import locked_all
    from toolchain.target import load_target

    require_file(resume, json)
    boards = [load_target(name) for name in dict.fromkeys(target)]
    for board in boards:
        require_resettable(board)
    student = open_student(model, None).quantized
    results = []
    with locked_all([out / FOLDER], [(json, "--json")]):
        keeper = Keeper(FaultTable(), json, resume)
        for board in boards:
            task, passed = _prepare(student, board, out, seed)
            plan = Plan(passed, seed, random, share)
            if case is not None:
                _run_one(task, plan, case)
            else:
                empty = empty_result(student, task, plan)
                result = keeper.earlier(empty) or empty
                results.append(_run_all(task, plan, result, keeper, jobs, recovery))
    if results:
        print_table(drawn_faults(results))
        for result in results:
            step(_recovered(result))
        require_nothing_wrong(results)


def _prepare(student: "QuantizedStudent", target: "Target", out: Path, seed: int) -> tuple["Task", "Passed"]:
    """Build the image, and see what an undamaged session looks like."""
    from toolchain.faults import build_for_faults, make_task, measure_session

    with progress(f"building {student.model} for {target.name}", None) as bar:
        build = build_for_faults(student, target, out, lambda source: bar.advance(f"compiling {source}"))
    task = make_task(student, target, build)
    return task, measure_session(task, seed)


def _run_all(
    task: "Task", plan: "Plan", result: "TargetResult", keeper: "Keeper[TargetResult]", jobs: int, repeats: int
) -> "TargetResult":
    """Run what is left of a plan with a progress bar."""
    from toolchain.faults import can_recover, count_recoveries, measure_recovery, run_plan

    if result.unfinished is not None:
        total = sum(map(len, plan.cases().values()))
        done = sum(item.cases for item in result.classes)
        with progress(f"faults on {result.target}", total) as bar:

            def keep(so_far: "TargetResult") -> None:
                keeper.keep(so_far)
                bar.at(sum(item.cases for item in so_far.classes), total)

            bar.at(done, total)
            result = run_plan(task, plan, result, jobs, keep)
    if repeats and not result.recovery and can_recover(task):
        with progress(f"recovery on {result.target}", count_recoveries(plan, repeats)) as bar:
            measured = measure_recovery(task, plan, repeats, bar.advance)
        result = result.model_copy(update={"recovery": measured})
    keeper.keep(result)
    return result


def _run_one(task: "Task", plan: "Plan", name: str) -> None:
    """Run one session on a fresh board and say how it ends."""
    from toolchain.errors import ParityError, UsageError
    from toolchain.faults import ALLOWED, board_of, find_case, run_case

    case = find_case(plan, name)
    if case is None:
        raise UsageError(f"there is no case '{name}'", f"classes: {', '.join(plan.cases())}; numbers count from 0")
    with board_of(task.target, task.elf) as board:
        ending = run_case(board, task, case)
    for fault in case.faults:
        step(str(fault))
    said = f": {ending.said}" if ending.said else ""
    step(f"{name} on {task.target.name}: {ending.outcome} after {ending.seconds:.3f} s{said}")
    if ending.outcome not in ALLOWED:
        raise ParityError(f"the session '{name}' on {task.target.name} came out wrong or hung{said}")


def _recovered(result: "TargetResult") -> str:
    parts = [f"{part.frames} {part.median_ms:g} ms, at most {part.most_ms:g} ms" for part in result.recovery]
    return f"{result.target}: extra time for a lost or damaged frame, median: {'; '.join(parts) or 'not measured'}"
