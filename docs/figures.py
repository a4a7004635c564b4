"""Write the measured figures into README.md and the pages of docs/ that show them: ``make figures``.

What the demo prints, and the table below it, are made from the reports under build/, which 'toolchain run' writes; the
others from the files that 'toolchain bench', 'faults' and 'soak' keep in targets/, and 'make fuzz' in tests/.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from toolchain.bench import Comparison, Row, Table, estimate
from toolchain.bench.comparison import Contender
from toolchain.cli.console import stdout
from toolchain.cli.summary import print_summary
from toolchain.faults import FaultTable
from toolchain.files import write_atomically
from toolchain.model_names import DIMENSIONS, MODELS, Normalisation
from toolchain.soak import Row as SoakRow
from toolchain.soak import SoakTable, problems
from toolchain.target import load_target
from toolchain.verify import HTML_FILE

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
MEASUREMENTS = ROOT / "docs" / "measurements.md"
FAULTS = ROOT / "docs" / "faults.md"
SOAK = ROOT / "docs" / "soak.md"
FUZZING = ROOT / "docs" / "fuzzing.md"

#: What `make fuzz` leaves.
FUZZED = ROOT / "tests" / "fuzz" / "long_run.json"

#: Boards of the README's table: one of each kind that is deployed, and the demo's.
SHOWN = ("esp32s3", "hearing-aid-m33", "hearing-aid-m55", "mps2-an386", "nrf52840", "rp2040", "stm32f405")

#: What `make demo` runs.
DEMO = ("mps2-an386", MODELS[0])

RUN_HEADINGS = (
    "target", "student", "clips equal to the reference", "CCC A / D / V", "flash", "RAM", "TFLM's arena, 5 s",
    "instructions per second of audio",
)  # fmt: skip
BOARD_HEADINGS = ("target", "core", "executed by", "flash", "RAM", "instructions", "clock", "of real time, estimated")
BENCH_HEADINGS = (
    "target", "student", "kernel", "executed by", "clips equal", "flash", "RAM", "image", "instructions", "per MAC",
)  # fmt: skip
HOST_HEADINGS = ("student", "part", "runtime", "times the engine's time", "working memory", "resident memory")
COMPARISON_HEADINGS = (
    "target", "student", "per MAC: this", "plain", "bakenn", "flash: this", "plain", "bakenn", "RAM: this", "plain",
    "bakenn",
)  # fmt: skip
FAULT_HEADINGS = ("target", "fault", "sessions", "right", "named error", "wrong", "hang", "99 %", "longest")
RECOVERY_HEADINGS = ("target", "frames", "sessions", "median", "99 %", "longest")
FUZZ_HEADINGS = ("target", "inputs", "seconds", "edges reached")
SOAK_HEADINGS = (
    "board", "student", "clips", "equal", "sessions", "lost", "damaged", "asked again", "restarts", "instructions",
    "stack", "host's memory", "emulator's memory", "clips per second", "result",
)  # fmt: skip


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


def board_row(row: Row, table: Table) -> tuple[str, ...]:
    """One row of the bench as cells of the table of boards."""
    target = load_target(row.target)
    clock, share = target.board.clock_hz, estimate(target, row.model, table).seconds
    return (
        f"`{row.target}`",
        target.core,
        executed_by(row),
        _bytes(row.flash_bytes),
        _ram(row),
        _instructions(row),
        f"{clock / 1e6:g} MHz" if clock else "",
        f"{100 * share:.0f} %" if share is not None else "",
    )


def bench_row(row: Row) -> tuple[str, ...]:
    """One row of the bench as cells of the second table."""
    return (
        f"`{row.target}`",
        f"`{row.model}`",
        row.kernel,
        executed_by(row),
        f"{row.equal_clips} of {row.clips}" if row.clips else "",
        _bytes(row.flash_bytes),
        _ram(row),
        _bytes(row.image_bytes),
        _instructions(row),
        _per_mac(row.instructions_per_mac),
    )


def stages_row(row: Row, stages: Sequence[str]) -> tuple[str, ...]:
    """One row of the bench as cells of the table of shares, in percent of all its instructions."""
    parts = row.stages or {}
    whole = sum(parts.values())
    return f"`{row.target}`", f"`{row.model}`", *(f"{100 * parts[stage] / whole:.1f} %" for stage in stages)


def comparison_row(row: Row, plain: Contender | None, bakenn: Contender | None) -> tuple[str, ...]:
    """One row of the bench beside the same student by other means."""
    items = (row, plain, bakenn)
    return (
        f"`{row.target}`",
        f"`{row.model}`",
        *(_per_mac(item.instructions_per_mac if item else None) for item in items),
        *(_bytes(item.flash_bytes if item else None) for item in items),
        *(_bytes(item.ram_bytes if item else None) for item in items),
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


def demo(report: dict[str, Any]) -> str:
    """What ``make demo`` ends with."""
    with stdout.capture() as printed:
        print_summary(report, Path("build", *DEMO, HTML_FILE))
    lines = Text.from_ansi(printed.get()).plain.rstrip().split("\n")
    return "\n".join(("```", *map(str.rstrip, lines), "```"))


def boards_table(table: Table) -> str:
    """The demo's student on some boards."""
    rows = [row for row in table.rows if row.model == DEMO[1] and row.target in SHOWN]
    return markdown([BOARD_HEADINGS, *(board_row(row, table) for row in rows)])


def bench_table(table: Table) -> str:
    """All rows of the bench."""
    return markdown([BENCH_HEADINGS, *map(bench_row, table.rows)])


def stages_table(table: Table) -> str:
    """Where the instructions go, on every target that counts them itself."""
    rows = [row for row in table.rows if row.stages and row.instructions_per_second_of_audio is not None]
    stages = list(dict.fromkeys(stage for row in rows for stage in row.stages or {}))
    return markdown([("target", "student", *stages), *(stages_row(row, stages) for row in rows)])


def comparison_table(table: Table, comparison: Comparison) -> str:
    """All rows that there is something to hold against."""
    rows = []
    for row in table.rows:
        plain = comparison.of(row.target, row.model, "plain")
        bakenn = comparison.of(row.target, row.model, "bakenn")
        if plain or bakenn:
            rows.append(comparison_row(row, plain, bakenn))
    return markdown([COMPARISON_HEADINGS, *rows])


def host_table(comparison: Comparison) -> str:
    """The students on this computer beside other runtimes: ratios, not times, for these are the computer's."""
    rows = [
        (
            f"`{student.model}`",
            row.part,
            f"{row.runtime} ({row.version or student.kernel})",
            f"{row.times_engine:.2f}",
            _bytes(row.working_bytes),
            _bytes(row.resident_bytes),
        )
        for student in comparison.host
        for row in student.rows
    ]
    return markdown([HOST_HEADINGS, *rows])


def faults_table(table: FaultTable) -> str:
    """How every session with faults ended."""
    rows = [
        (
            f"`{result.target}`",
            item.kind,
            *(f"{count:,}" for count in (item.cases, item.right, item.named_error, item.wrong, item.hang)),
            f"{item.seconds_99:.3f} s",
            f"{item.seconds_most:.3f} s",
        )
        for result in table.targets
        for item in result.classes
    ]
    return markdown([FAULT_HEADINGS, *rows])


def recovery_table(table: FaultTable) -> str:
    """What one lost or damaged frame costs."""
    rows = [
        (
            f"`{result.target}`",
            item.frames,
            f"{item.cases:,}",
            *map(_milliseconds, (item.median_ms, item.ms_99, item.most_ms)),
        )
        for result in table.targets
        for item in result.recovery
    ]
    return markdown([RECOVERY_HEADINGS, *rows])


def soak_row(row: SoakRow) -> tuple[str, ...]:
    """One board after many clips; what changed, as a difference."""
    figures = row.figures
    if figures is None:
        return f"`{row.board}`", f"`{row.model}`", f"{row.done:,}", *[""] * 11, "; ".join(problems(row))
    counts = (figures.clips, figures.equal, figures.sessions, figures.lost, figures.damaged, figures.repeated)
    return (
        f"`{row.board}`",
        f"`{row.model}`",
        *(f"{count:,}" for count in (*counts, figures.restarts)),
        "" if figures.drift_instructions is None else f"{figures.drift_instructions:+g}",
        "" if figures.stack is None or not figures.stack.last else _bytes(figures.stack.last),
        *("" if kib is None else f"{kib:+,} KiB" for kib in (figures.host_growth_kib, figures.board_growth_kib)),
        f"{figures.clips / figures.seconds:.1f}",
        "; ".join(problems(row)) or "passed",
    )


def soak_table(table: SoakTable) -> str:
    """What came of every board of the farm."""
    return markdown([SOAK_HEADINGS, *map(soak_row, table.boards)])


def fuzz_table(figures: dict[str, dict[str, int]]) -> str:
    """What a long run of each fuzz target came to."""
    rows = [
        (f"`{name}`", f"{run['inputs']:,}", f"{run['seconds']:,}", f"{run['edges']} of {run['all_edges']}")
        for name, run in sorted(figures.items())
    ]
    return markdown([FUZZ_HEADINGS, *rows])


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


def _per_mac(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _bytes(value: int | None) -> str:
    return "" if value is None else f"{value:,} B"


def _milliseconds(value: float) -> str:
    return f"{value:.1f} ms"


def _millions(value: int | None) -> str:
    return "" if value is None else f"{value / 1e6:,.1f} M"


def reports() -> dict[tuple[str, str], dict[str, Any]]:
    """The reports under build/, by target and model."""
    paths = sorted((ROOT / "build").glob("*/*/report.json"))
    found = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return {(report["target"], report["model"]): report for report in found}


def rewrite(page: Path, **contents: str) -> None:
    """Replace what stands between these markers of a page."""
    text = page.read_text(encoding="utf-8")
    for marker, content in contents.items():
        text = replaced(text, marker, content)
    write_atomically(page, text)


def main() -> None:
    """Rewrite all pages, as far as there is something to rewrite them with."""
    found = reports()
    if found:
        rewrite(README, demo=demo(found[DEMO]), figures=run_table(found.values()))
    table, comparison = Table.committed(), Comparison.committed()
    if table is not None:
        rewrite(README, boards=boards_table(table))
        rewrite(MEASUREMENTS, bench=bench_table(table), stages=stages_table(table))
        if comparison is not None:
            rewrite(MEASUREMENTS, comparison=comparison_table(table, comparison), host=host_table(comparison))
    if (faults := FaultTable.committed()) is not None:
        rewrite(FAULTS, faults=faults_table(faults), recovery=recovery_table(faults))
    if (soak := SoakTable.committed()) is not None:
        rewrite(SOAK, soak=soak_table(soak))
    if FUZZED.is_file():
        rewrite(FUZZING, fuzz=fuzz_table(json.loads(FUZZED.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
