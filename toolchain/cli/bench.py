"""``toolchain bench``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolchain.cli.console import print_table, progress, step
from toolchain.cli.options import DEFAULT_OUT, DEFAULT_WINDOW, CorpusOption, OutOption
from toolchain.model_names import MODELS

if TYPE_CHECKING:
    from rich.table import Table as RichTable

    from toolchain.bench import Contestant, Failure, Progress, Row, Table
    from toolchain.target import Target

EXAMPLE = "toolchain bench --all --json bench.json"

_DEFAULT_CLIPS = 20
_MILLION = 1e6

_CAPTION = "equal: clips equal to the integer reference; sizes in bytes; instructions of the engine per second of audio"


def bench(
    target: Annotated[
        list[str] | None,
        typer.Option("--target", "-t", metavar="NAME", help="Board to measure; may be given several times."),
    ] = None,
    all_targets: Annotated[
        bool, typer.Option("--all", help="Measure every board that 'toolchain targets' lists.")
    ] = False,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", metavar="NAME", help="Bundled student; all if none is given. May be repeated."),
    ] = None,
    corpus: CorpusOption = None,
    clips: Annotated[
        int, typer.Option("--clips", "-n", min=1, metavar="N", help="Clips of one second.")
    ] = _DEFAULT_CLIPS,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Keep the table in FILE, row by row.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with FILE: rows of the same build, student and clips are kept.")
    ] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, metavar="N", help="Boards measured at a time.")] = 1,
    out: OutOption = DEFAULT_OUT,
) -> None:
    """Measure students on boards: what fits, sizes, instructions, and clips equal to the integer reference.

    One row per board and student. Boards without an emulator are built only; their instructions are their twin's,
    which runs the same engine objects. What cannot be measured here is named, and the exit code says why.
    """
    from toolchain.audio import installed_corpus
    from toolchain.bench import bench as measure_all
    from toolchain.bench import choose_pairs, make_header, read_table
    from toolchain.cli.verify import choose_clips
    from toolchain.errors import UsageError
    from toolchain.target import target_names

    if resume and json is None:
        raise UsageError("--resume goes on with a file, and none is named", "name it with --json FILE")
    boards = _boards(target or [], all_targets)
    contestants = [_contestant(name) for name in model or MODELS]
    folder = corpus or installed_corpus()
    selection = choose_clips(folder, clips, DEFAULT_WINDOW)
    header = make_header(boards, contestants, selection, folder.resolve().name, DEFAULT_WINDOW)
    earlier = read_table(json) if resume and json is not None and json.is_file() else None
    if earlier is not None:
        header = header.going_on_from(earlier.header)
        earlier = earlier.limited_to(target_names()) if all_targets else earlier
    pairs = choose_pairs(boards, contestants, selection)
    with _shown(len(pairs)) as shown:
        table, failures = measure_all(pairs, header, out, path=json, earlier=earlier, jobs=jobs, progress=shown)
    print_table(_drawn(table))
    _require(failures, len(pairs))


def _boards(names: list[str], all_targets: bool) -> list["Target"]:
    from toolchain.errors import UsageError
    from toolchain.target import load_target, target_names

    if all_targets == bool(names):
        raise UsageError("which boards?", "name them with --target NAME, or measure all with --all")
    return [load_target(name) for name in (target_names() if all_targets else dict.fromkeys(names))]


def _contestant(model: str) -> "Contestant":
    from toolchain.bench import Contestant
    from toolchain.cli.students import open_student
    from toolchain.verify import FloatStudent

    student = open_student(model, None)
    return Contestant(student.quantized, FloatStudent(student.folder.onnx, student.quantized))


@contextmanager
def _shown(pairs: int) -> Iterator["Progress"]:
    """A progress bar over all pairs; finished ones are said above it."""
    from toolchain.bench import Progress

    with progress("measuring", pairs) as bar:

        def row(row: "Row", kept: bool) -> None:
            bar.advance()
            step(f"{row.target} {row.model}: {_outcome(row)}{' (kept)' if kept else ''}")

        def failure(failure: "Failure") -> None:
            bar.advance()
            step(f"{failure.target} {failure.model}: left out: {failure.error.message}")

        yield Progress(lambda target, model, what: bar.says(f"{target} {model}: {what}"), row, failure)


def _outcome(row: "Row") -> str:
    if row.reason is not None:
        return f"does not fit: {row.reason}"
    if row.verified == "built-only":
        return "built only"
    return f"{row.equal_clips} of {row.clips} clips equal to the integer reference"


def _drawn(table: "Table") -> "RichTable":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable

    drawn = RichTable(box=SIMPLE_HEAD, pad_edge=False, caption=_CAPTION, caption_justify="left")
    for heading in ("target", "student", "verified", "equal"):
        drawn.add_column(heading, overflow="fold")
    for heading in ("flash", "RAM", "stack", "instructions"):
        drawn.add_column(heading, justify="right", overflow="fold")
    for row in table.rows:
        sizes = (row.flash_bytes, row.ram_static_bytes, row.ram_stack_bytes)
        clips = f"{row.equal_clips} of {row.clips}" if row.clips else "-"
        drawn.add_row(row.target, row.model, row.verified, clips, *map(_bytes, sizes), _instructions(row))
    return drawn


def _bytes(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _instructions(row: "Row") -> str:
    """Per second of audio; a twin's are marked."""
    if row.instructions_per_second_of_audio is not None:
        return f"{row.instructions_per_second_of_audio / _MILLION:,.1f} M"
    return "-" if row.instructions_from_twin is None else f"twin: {row.instructions_from_twin / _MILLION:,.1f} M"


def _require(failures: list["Failure"], pairs: int) -> None:
    """Raise what stands for all failures: one that is not only about missing programs, if there is any."""
    from toolchain.errors import MissingToolError

    if not failures:
        return
    worst = next((item for item in failures if not isinstance(item.error, MissingToolError)), failures[0])
    raise type(worst.error)(
        f"{len(failures)} of {pairs} pairs could not be measured or are wrong; {worst.target} with {worst.model}: "
        f"{worst.error.message}",
        worst.error.hint,
    )
