"""``toolchain bench``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolchain.cli.console import print_table, progress, step
from toolchain.cli.keeper import require_file
from toolchain.cli.options import DEFAULT_OUT, DEFAULT_WINDOW, CorpusOption, OutOption
from toolchain.model_names import MODELS

if TYPE_CHECKING:
    from toolchain.bench import Comparison, Contestant, Failure, Header, Progress, Row, Table
    from toolchain.bench.measure import Pair
    from toolchain.target import Target

EXAMPLE = "toolchain bench --all --json bench.json"

_DEFAULT_CLIPS = 20


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
    check: Annotated[
        bool, typer.Option("--check", help="Fail if instructions, flash or RAM grew by more than 2 % since committed.")
    ] = False,
    compare: Annotated[
        Path | None,
        typer.Option(
            "--compare",
            metavar="FILE",
            help="Run the same students with the plain kernel and with bakenn, too, and write what they take to FILE.",
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="PAGE", help="Draw it all as PAGE; without a board, what is committed."),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, metavar="N", help="Boards measured at a time.")] = 1,
    out: OutOption = DEFAULT_OUT,
) -> None:
    """Measure students on boards: what fits, sizes, instructions, and clips equal to the integer reference.

    One row per board and student. Boards without an emulator are built only; their instructions are their twin's,
    which runs the same engine objects. What cannot be measured here is named, and the exit code says why.
    """
    from toolchain.audio import installed_corpus
    from toolchain.bench import Comparison, Table, choose_pairs, make_header
    from toolchain.bench import bench as measure_all
    from toolchain.cli.bench_tables import drawn, drawn_shares
    from toolchain.cli.verify import choose_clips
    from toolchain.locks import locked_all
    from toolchain.target import target_names

    if html is not None and not target and not all_targets:
        _write_committed_page(html)
        return
    require_file(resume, json, compare)
    boards = _boards(target or [], all_targets)
    contestants = [_contestant(name) for name in model or MODELS]
    folder = corpus or installed_corpus()
    selection = choose_clips(folder, clips, DEFAULT_WINDOW)
    header = make_header(boards, contestants, selection, folder.resolve().name, DEFAULT_WINDOW)
    pairs = choose_pairs(boards, contestants, selection)
    folders = {out / pair.target.name / pair.model for pair in pairs}
    with locked_all(folders, ((json, "--json"), (compare, "--compare"))):
        earlier = Table.read(json) if resume and json is not None and json.is_file() else None
        if earlier is not None:
            header = header.going_on_from(earlier.header)
            earlier = earlier.limited_to(target_names()) if all_targets else earlier
        with _shown(len(pairs)) as shown:
            table, failures = measure_all(pairs, header, out, path=json, earlier=earlier, jobs=jobs, progress=shown)
        print_table(drawn(table))
        if any(row.stages for row in table.rows):
            print_table(drawn_shares(table))
        comparison = _compare(pairs, header, out, compare, resume) if compare is not None else Comparison.committed()
    if html is not None:
        _write_page(html, table, comparison)
    _require(failures, len(pairs))
    if check:
        _check(table)


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


def _compare(pairs: list["Pair"], header: "Header", out: Path, path: Path, resume: bool) -> "Comparison":
    """Run the pairs by other means, and keep what they take."""
    from toolchain.bench import compare
    from toolchain.bench.comparison import Comparison
    from toolchain.bench.host import compare_host
    from toolchain.cli.bench_tables import drawn_contenders, drawn_host
    from toolchain.cli.students import open_student

    earlier = Comparison.read(path) if resume and path.is_file() else None
    with progress("comparing", None) as bar:

        def said(target: str, model: str, what: str) -> None:
            bar.says(f"{target} {model}: {what}")

        comparison = compare(pairs, header, out, path=path, earlier=earlier, progress=said)
        models = dict.fromkeys(pair.model for pair in pairs)
        host = tuple(compare_host(open_student(model, None).folder, on_step=bar.says) for model in models)
    comparison = comparison.model_copy(update={"host": host})
    comparison.write(path)
    print_table(drawn_contenders(comparison))
    print_table(drawn_host(comparison))
    return comparison


def _write_committed_page(path: Path) -> None:
    from toolchain.bench import Comparison, Table
    from toolchain.errors import UsageError

    table = Table.committed()
    if table is None:
        raise UsageError("there is no committed table to draw", "measure boards: --target NAME, or --all")
    _write_page(path, table, Comparison.committed())


def _write_page(path: Path, table: "Table", comparison: "Comparison | None") -> None:
    from toolchain.bench import render_page
    from toolchain.files import write_atomically

    write_atomically(path, render_page(table, comparison))
    step(f"wrote {path}")


def _check(table: "Table") -> None:
    from toolchain.bench import Table, find_growth, require_no_growth

    committed = Table.committed()
    if committed is not None:
        require_no_growth(find_growth(committed, table.rows))
        step("no figure grew by more than 2 % since it was committed")


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
