"""``toolchain soak``."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolchain.cli.console import print_table, progress, step
from toolchain.cli.keeper import Keeper, require_file
from toolchain.cli.options import DEFAULT_OUT, ModelOption, OutOption

if TYPE_CHECKING:
    from toolchain.quantize.student import QuantizedStudent
    from toolchain.soak import Job, Row, Task
    from toolchain.target import Target

EXAMPLE = "toolchain soak --target mps2-an386 --target riscv-virt --clips 1000"

_DEFAULT_CLIPS = 10_000
_FEWEST_CLIPS = 100  # every different clip is in the first tenth then
_DEFAULT_SECONDS = 0.05


def soak(
    target: Annotated[
        list[str],
        typer.Option(
            "--target", "-t", metavar="NAME", help="Emulated board. May be repeated, also with the same name: a farm."
        ),
    ],
    model: ModelOption = None,
    clips: Annotated[
        int, typer.Option("--clips", min=_FEWEST_CLIPS, metavar="N", help="Clips on each board, one after the other.")
    ] = _DEFAULT_CLIPS,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.02, max=1.5, metavar="S", help="Length of each clip.")
    ] = _DEFAULT_SECONDS,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Seed of the order of the clips.")] = 0,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Keep the result in FILE, batch by batch.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with FILE where a run of the same clips stopped, in a new session.")
    ] = False,
    out: OutOption = DEFAULT_OUT,
) -> None:
    """Run thousands of clips in a row on several boards at once: nothing may drift, leak or get lost.

    Every board runs for itself, in one open session. Each result is compared with the integer reference; no frame may
    be lost; the same clip must take as many instructions at the end as at the beginning; the board's stack and the
    memory, files and threads of this computer's processes must not grow. A board that stops is named, and the others
    go on. If one did not pass, the exit code is 9.
    """
    from toolchain.cli.build import build_folder
    from toolchain.cli.soak_table import drawn_soak
    from toolchain.cli.students import open_student
    from toolchain.errors import FlashError
    from toolchain.locks import locked_all
    from toolchain.soak import SoakTable, require_no_drift, require_proc
    from toolchain.target import load_target

    require_file(resume, json)
    require_proc()
    targets = [load_target(name) for name in target]
    for board in targets:
        if board.emulator is None:
            raise FlashError(f"{board.name} has no emulator", "a soak is run on boards that can be emulated")
    student = open_student(model, None).quantized
    folders = [build_folder(out, board, student) for board in targets]
    with locked_all(folders, [(json, "--json")]):
        keeper = Keeper(SoakTable(), json, resume)
        jobs = [_go_on(job, keeper) for job in _jobs(student, targets, out, clips, seconds, seed)]
        rows = _run(jobs, keeper)
    print_table(drawn_soak(rows))
    require_no_drift(rows)


def _jobs(
    student: "QuantizedStudent", targets: list["Target"], out: Path, clips: int, seconds: float, seed: int
) -> list["Job"]:
    """One for every target that was named; each target's image is built once."""
    from toolchain.cli.build import build_image
    from toolchain.soak import Job, empty_row, make_task, speech

    pcm = speech(seconds)
    tasks: dict[str, Task] = {}
    seen: Counter[str] = Counter()
    jobs = []
    for target in targets:
        if target.name not in tasks:
            image = build_image(student, target, out)
            tasks[target.name] = make_task(student, target, image, pcm, seed=seed, wanted=clips)
        seen[target.name] += 1
        board = target.name if seen[target.name] == 1 else f"{target.name} {seen[target.name]}"
        jobs.append(Job(tasks[target.name], empty_row(board, student, tasks[target.name], seconds)))
    return jobs


def _go_on(job: "Job", keeper: "Keeper[Row]") -> "Job":
    """The same job from where an earlier run of the same clips stopped."""
    from toolchain.soak import Job, is_open

    earlier = keeper.earlier(job.row)
    if earlier is None:
        return job
    if is_open(earlier) and earlier.done:
        step(f"{earlier.board}: going on after {earlier.done:,} clips, in session {earlier.sessions + 1}")
    return Job(job.task, earlier)


def _run(jobs: list["Job"], keeper: "Keeper[Row]") -> list["Row"]:
    """Run all boards with one progress bar, and say when one stops."""
    from toolchain.soak import run_farm

    done = {job.row.board: job.row.done for job in jobs}
    total = sum(job.row.wanted for job in jobs)
    with progress(f"clips on {', '.join(done)}", total) as bar:

        def keep(row: "Row") -> None:
            keeper.keep(row)
            done[row.board] = row.done
            bar.at(sum(done.values()), total)
            if row.error is not None:
                step(f"{row.board} stopped: {row.error}")

        bar.at(sum(done.values()), total)
        return run_farm(jobs, keep)
