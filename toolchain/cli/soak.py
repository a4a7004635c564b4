"""``toolchain soak``."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolchain.cli.console import print_table, progress, step
from toolchain.cli.options import DEFAULT_OUT, ModelOption, OutOption

if TYPE_CHECKING:
    from toolchain.quantize.student import QuantizedStudent
    from toolchain.soak import Clips, Job, Row, Task
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
    from toolchain.cli.soak_table import drawn_soak
    from toolchain.cli.students import open_student
    from toolchain.errors import FlashError, UsageError
    from toolchain.soak import require_no_drift, require_proc
    from toolchain.target import load_target

    if resume and json is None:
        raise UsageError("--resume goes on with a file, and none is named", "name it with --json FILE")
    require_proc()
    targets = [load_target(name) for name in target]
    for board in targets:
        if board.emulator is None:
            raise FlashError(f"{board.name} has no emulator", "a soak is run on boards that can be emulated")
    student = open_student(model, None).quantized
    keeper = _Keeper(json, resume)
    jobs = [keeper.start(job) for job in _jobs(student, targets, out, clips, seconds, seed)]
    rows = _run(jobs, keeper)
    print_table(drawn_soak(rows))
    require_no_drift(rows)


class _Keeper:
    """The file that the rows are kept in, if there is one."""

    def __init__(self, path: Path | None, resume: bool) -> None:
        from toolchain.soak import SoakTable, read_soak_table

        self._path, self._resume = path, resume
        self._table = read_soak_table(path) if path is not None and path.is_file() else SoakTable()

    def start(self, job: "Job") -> "Job":
        """Where to begin: with nothing, or with what an earlier run of the same clips left."""
        from toolchain.soak import Job, is_open

        earlier = self._table.of(job.row) if self._resume else None
        if earlier is None or not earlier.is_same_work(job.row):
            return job
        if is_open(earlier) and earlier.done:
            step(f"{earlier.board}: going on after {earlier.done:,} clips, in session {earlier.sessions + 1}")
        return Job(job.task, earlier)

    def keep(self, row: "Row") -> None:
        """Write the file anew with this row in it."""
        self._table = self._table.with_row(row)
        if self._path is not None:
            self._table.write(self._path)


def _jobs(
    student: "QuantizedStudent", targets: list["Target"], out: Path, clips: int, seconds: float, seed: int
) -> list["Job"]:
    """One for every target that was named; each target's image is built once."""
    from toolchain.soak import Job, empty_row, speech

    pcm = speech(seconds)
    tasks: dict[str, Task] = {}
    seen: Counter[str] = Counter()
    jobs = []
    for target in targets:
        if target.name not in tasks:
            tasks[target.name] = _prepare(student, target, out, pcm, seed=seed, wanted=clips)
        seen[target.name] += 1
        board = target.name if seen[target.name] == 1 else f"{target.name} {seen[target.name]}"
        jobs.append(Job(tasks[target.name], empty_row(board, student, tasks[target.name], seconds)))
    return jobs


def _prepare(student: "QuantizedStudent", target: "Target", out: Path, pcm: "Clips", **work: int) -> "Task":
    from toolchain.soak import build_for_soak, make_task

    with progress(f"building {student.model} for {target.name}", None) as bar:
        build = build_for_soak(student, target, out, lambda source: bar.advance(f"compiling {source}"))
    return make_task(student, target, build, pcm, **work)


def _run(jobs: list["Job"], keeper: _Keeper) -> list["Row"]:
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
