"""``toolchain evaluate``."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolchain.cli.console import print_json, print_table, progress
from toolchain.cli.options import JsonOption

if TYPE_CHECKING:
    from rich.table import Table

    from toolchain.evaluate.result import Costs, Evaluation

EXAMPLE = "toolchain evaluate wav2small-17k wav2small-72k --corpus corpora/ --teacher acted"

_AGREEMENT = "{split} part; CCC with the teacher, or with what the corpus carries: emotion words, people's ratings"
_INT8 = "; int8: as every board answers, also compared with the float student"
_COSTS = (
    "parameters; MACs of 1 s from the log-mel image on; int8 ONNX file, and what ONNX Runtime needs for it: "
    "ms for 5 s on one thread, MB over its import"
)
_UNTRAINED = "; * random weights"


class Part(StrEnum):
    """Which held-out recordings are heard."""

    TEST = "test"
    VALIDATION = "validation"


def evaluate(
    checkpoint: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CHECKPOINT...",
            help="Bundled students by name, .safetensors files, folders with model.safetensors, or hub ids.",
            show_default=False,
        ),
    ] = None,
    corpus: Annotated[
        Path | None,
        typer.Option("--corpus", "-c", metavar="PATH", help="Corpus to hear; without it only costs are measured."),
    ] = None,
    teacher: Annotated[
        list[str] | None,
        typer.Option(
            "--teacher", "-T", metavar="SPEC", help="Also compare with a teacher: acted, KIND:FOLDER or KIND:HUB_ID."
        ),
    ] = None,
    split: Annotated[Part, typer.Option("--split", help="Part of the corpus.")] = Part.TEST,
    untrained: Annotated[
        list[str] | None,
        typer.Option("--untrained", metavar="NAME", help="Costs of a student with random weights. May be repeated."),
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Also run the quantised form of each student on the corpus.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Compare students: CCC per dimension, parameters, MACs, int8 size, latency, memory; needs 'train' and 'convert'.

    Latency and memory are those of this machine, measured in a fresh process for each student.
    """
    from toolchain.corpora import Split
    from toolchain.errors import UsageError
    from toolchain.extras import require

    if teacher and corpus is None:
        raise UsageError("a teacher hears a corpus, and none is named", "name it with --corpus PATH")
    if int8 and corpus is None:
        raise UsageError("--int8 runs students on a corpus, and none is named", "name it with --corpus PATH")
    evaluating = require("toolchain.evaluate.evaluate", "train")
    contestants = evaluating.open_contestants(checkpoint or [], untrained or [], int8=int8)
    whom = require("toolchain.teacher.load", "teacher").load(teacher) if teacher else None
    with progress("evaluating", len(contestants) + 1) as bar:
        found = evaluating.evaluate(contestants, corpus, whom, Split(split.value), on_step=bar.advance)
    if json:
        print_json(found.model_dump())
        return
    if found.split:
        print_table(_agreement(found))
    print_table(_costs(found))


def _agreement(found: "Evaluation") -> "Table":
    int8 = any(item.form == "int8" for row in found.rows for item in row.agreement)
    caption = _AGREEMENT.format(split=found.split) + (_INT8 if int8 else "")
    table = _table(caption, "student", "corpus", "CCC with")
    for heading in ("clips", "arousal", "dominance", "valence"):
        table.add_column(heading, justify="right")
    for row in found.rows:
        for item in row.agreement:
            values = (item.arousal, item.dominance, item.valence)
            student = row.student if item.form == "float" else f"{row.student} {item.form}"
            table.add_row(student, item.corpus, item.against, str(item.recordings), *map(_ccc, values))
    return table


def _costs(found: "Evaluation") -> "Table":
    table = _table(_COSTS if all(row.trained for row in found.rows) else _COSTS + _UNTRAINED, "student")
    for heading in ("trained", "in all", "MACs", "int8", "ms", "MB"):
        table.add_column(heading, justify="right", overflow="fold")
    for row in found.rows:
        table.add_row(row.student if row.trained else f"{row.student} *", *_cost_cells(row.costs))
    return table


def _cost_cells(costs: "Costs") -> tuple[str, ...]:
    memory = costs.runtime.memory_bytes
    return (
        _short(costs.parameters_trained),
        _short(costs.parameters),
        f"{costs.macs / 1e6:,.1f} M",
        f"{_short(costs.onnx_int8_bytes)}B",
        f"{costs.runtime.latency.median_ms:,.1f}",
        "-" if memory is None else f"{memory / 1e6:,.1f}",
    )


def _short(count: int) -> str:
    """Three digits and the thousands or millions they count."""
    return f"{count / 1e3:.1f} K" if count < 1e6 else f"{count / 1e6:.2f} M"


def _table(caption: str, *headings: str) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, caption=caption, caption_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _ccc(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
