"""``toolchain label``."""

from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer

from toolchain.cli.console import print_json, progress, stdout, step
from toolchain.cli.options import JsonOption
from toolchain.cli.training import TeacherOption
from toolchain.errors import IncompleteError

EXAMPLE = "toolchain label recordings/ --teacher acted --out labels.parquet"

#: So many recordings without labels are named on the terminal; a file lists all.
_NAMED = 10


def label(
    corpus: Annotated[
        Path,
        typer.Argument(
            metavar="CORPUS",
            help="Folder of recordings; MSP-Podcast or IEMOCAP as they come; corpora with metadata.csv; or a manifest "
            "(CSV or JSON Lines).",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FILE", help="Parquet file; what it has by other teachers stays in it."),
    ],
    teacher: TeacherOption = None,
    window: Annotated[
        float, typer.Option("--window", "-w", min=0.0, metavar="SECONDS", help="What the teacher hears at once.")
    ] = 4.0,
    hop: Annotated[
        float,
        typer.Option("--hop", min=0.0, metavar="SECONDS", help="From window to window; 0 labels whole recordings."),
    ] = 2.0,
    batch: Annotated[
        int, typer.Option("--batch", min=1, metavar="N", help="Windows at once; changes the last digits.")
    ] = 16,
    threads: Annotated[
        int, typer.Option("--threads", min=1, metavar="N", help="Read audio ahead of the teacher; changes no result.")
    ] = 2,
    device: Annotated[
        str, typer.Option("--device", metavar="NAME", help="Of the transformers among the teachers: cpu or cuda.")
    ] = "cpu",
    json: JsonOption = False,
) -> None:
    """Write what a teacher says of a corpus to a Parquet file; needs the extra 'train' or 'teacher'.

    An interrupted run goes on when the same command is given again, and ends with the same file. Exit code 8: the file
    is written, but some recordings could not be labelled.
    """
    from toolchain.corpora import find_corpus
    from toolchain.extras import require

    run = require("toolchain.labels.run", "teacher")
    windows = require("toolchain.labels.windows", "teacher").Windows.of_seconds(window, hop)
    found = find_corpus(corpus)
    whom = require("toolchain.teacher.load", "teacher").load(teacher or ["acted"], device)
    with progress(f"labelling {len(found)} recordings ({found.layout})", len(found)) as bar:
        labelled = run.label(found, whom, out, windows, batch=batch, threads=threads, on_progress=bar.at)
    if json:
        print_json(_facts(labelled, found.layout, out))
    else:
        _print(labelled, whom.kind, out)
    _complain(labelled, run, out)


def _facts(labelled: Any, layout: str, out: Path) -> dict[str, Any]:
    return {
        "out": str(out),
        "layout": layout,
        "teacher": labelled.teacher,
        "recordings": labelled.recordings,
        "windows": labelled.windows,
        "added": labelled.added,
        "failed": [{"recording": left.name, "reason": left.reason} for left in labelled.failed],
        "skipped": [{"recording": left.name, "reason": left.reason} for left in labelled.skipped],
        "heard_seconds": labelled.heard_seconds,
        "seconds": labelled.seconds,
    }


def _print(labelled: Any, kind: str, out: Path) -> None:
    done = labelled.recordings - len(labelled.left_out)
    stdout.print(
        f"{done:,} of {labelled.recordings:,} recordings labelled by {kind} {labelled.teacher[:12]}, in {out}: "
        f"{labelled.added:,} windows, and {labelled.windows - labelled.added:,} that were there",
        markup=False,
    )
    if labelled.heard_seconds:
        speed = labelled.heard_seconds / labelled.seconds
        stdout.print(
            f"heard {labelled.heard_seconds:,.0f} s of audio in {labelled.seconds:,.1f} s: "
            f"{speed:,.1f} seconds of audio per second",
            markup=False,
        )


def _complain(labelled: Any, run: ModuleType, out: Path) -> None:
    """Name the first recordings without labels.

    Raises:
        IncompleteError: Some of them should have labels.
    """
    listed = run.left_out_file(out)
    for left in (*labelled.failed, *labelled.skipped)[:_NAMED]:
        step(f"  no label: {left.name}: {left.reason}")
    more = len(labelled.left_out) - _NAMED
    if more > 0:
        step(f"  and {more:,} more, see {listed}")
    if labelled.failed:
        raise IncompleteError(
            f"{len(labelled.failed):,} of {labelled.recordings:,} recordings could not be labelled; all others are "
            f"in {out}",
            f"mend what {listed} lists and give the same command again, or go on without",
        )
