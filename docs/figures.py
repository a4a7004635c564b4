"""Write the tables of measured figures into README.md: ``make figures``.

The first is made from the reports under build/, which 'toolchain run' writes; the second from targets/bench.json, which
'toolchain bench' writes.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from toolchain.bench import Row, Table, committed_table
from toolchain.files import write_atomically
from toolchain.model_names import DIMENSIONS, Normalisation
from toolchain.target import load_target

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"

RUN_HEADINGS = (
    "target", "student", "clips equal to the reference", "CCC A / D / V", "flash", "RAM", "TFLM's arena, 5 s",
    "instructions per second of audio",
)  # fmt: skip
BENCH_HEADINGS = ("target", "student", "executed by", "clips equal", "flash", "RAM", "image", "instructions")


def run_row(report: dict[str, Any]) -> tuple[str, ...]:
    """One report as cells of the first table; RAM is variables and the measured stack."""
    return (
        f"`{report['target']}`",
        f"`{report['model']}`",
        f"{report['equal_clips']} of {report['clips']}",
        " / ".join(f"{report['ccc'][name]:.4f}" for name in DIMENSIONS),
        _bytes(report["flash_bytes"]),
        _bytes(report["ram_static_bytes"] + report["ram_stack_bytes"]),
        _bytes(report["tflm_arena"]["bytes"]),
        _millions(report["instructions_per_second_of_audio"]),
    )


def bench_row(row: Row) -> tuple[str, ...]:
    """One row of the bench as cells of the second table."""
    return (
        f"`{row.target}`",
        f"`{row.model}`",
        executed_by(row),
        f"{row.equal_clips} of {row.clips}" if row.clips else "",
        _bytes(row.flash_bytes),
        _ram(row),
        _bytes(row.image_bytes),
        _instructions(row),
    )


def executed_by(row: Row) -> str:
    """What executed the image, in words: nothing of it is silicon."""
    emulator = load_target(row.target).emulator
    match row.verified:
        case "emulated-core":
            return f"QEMU, `{emulator.machine}`" if emulator else "QEMU"
        case "simulated-chip":
            return f"simulated chip, {emulator.kind}" if emulator else "simulated chip"
        case "this-computer":
            return "this computer"
        case "built-only":
            return "nothing: built only"
        case _:
            return "does not fit"


def markdown(rows: Iterable[Sequence[str]]) -> str:
    """Rows of cells, headings first, as a Markdown table."""
    headings, *others = rows
    lines = [headings, ["---"] * len(headings), *others]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def run_table(reports: Iterable[dict[str, Any]]) -> str:
    """The reports of emulated boards."""
    boards = [
        report for report in reports if report["ram_stack_bytes"] and report["normalisation"] == Normalisation.TWO_PASS
    ]
    return markdown([RUN_HEADINGS, *map(run_row, boards)])


def bench_table(table: Table) -> str:
    """All rows of the bench."""
    return markdown([BENCH_HEADINGS, *map(bench_row, table.rows)])


def replaced(text: str, marker: str, content: str) -> str:
    """``text`` with ``content`` between the comments that begin and end ``marker``."""
    begin, end = f"<!-- {marker}: begin -->", f"<!-- {marker}: end -->"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n{content}\n{end}{after}"


def _ram(row: Row) -> str:
    """Variables and the measured stack, or the variables alone where it could not be measured."""
    if row.ram_static_bytes is None:
        return ""
    if row.ram_stack_bytes is None:
        return f"{_bytes(row.ram_static_bytes)} + stack"
    return _bytes(row.ram_static_bytes + row.ram_stack_bytes)


def _instructions(row: Row) -> str:
    if row.instructions_from_twin is not None:
        return f"{_millions(row.instructions_from_twin)} (twin `{row.twin}`)"
    return _millions(row.instructions_per_second_of_audio)


def _bytes(value: int | None) -> str:
    return "" if value is None else f"{value:,} B"


def _millions(value: int | None) -> str:
    return "" if value is None else f"{value / 1e6:,.1f} M"


def main() -> None:
    """Replace what stands between the markers, as far as there is something to replace it with."""
    text = README.read_text(encoding="utf-8")
    paths = sorted((ROOT / "build").glob("*/*/report.json"))
    if paths:
        reports = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
        text = replaced(text, "figures", run_table(reports))
    table = committed_table()
    if table is not None:
        text = replaced(text, "bench", bench_table(table))
    write_atomically(README, text)


if __name__ == "__main__":
    main()
