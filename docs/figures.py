"""Write the table of measured figures into README.md, from the reports under build/: ``make figures``."""

import json
from pathlib import Path
from typing import Any

from toolchain.files import write_atomically
from toolchain.model_names import DIMENSIONS, Normalisation

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"

HEADINGS = (
    "target", "student", "clips equal to the reference", "CCC A / D / V", "flash", "RAM", "TFLM's arena, 5 s",
    "instructions per second of audio",
)  # fmt: skip


def row(report: dict[str, Any]) -> tuple[str, ...]:
    """One report as cells of the table."""
    return (
        f"`{report['target']}`",
        f"`{report['model']}`",
        f"{report['equal_clips']} of {report['clips']}",
        " / ".join(f"{report['ccc'][name]:.4f}" for name in DIMENSIONS),
        f"{report['flash_bytes']:,} B",
        f"{report['ram_static_bytes'] + report['ram_stack_bytes']:,} B",
        f"{report['tflm_arena']['bytes']:,} B",
        f"{report['instructions_per_second_of_audio'] / 1e6:,.1f} M",
    )


def table(reports: list[dict[str, Any]]) -> str:
    """All reports of emulated boards as a Markdown table; RAM is variables and the measured stack."""
    boards = [
        report for report in reports if report["ram_stack_bytes"] and report["normalisation"] == Normalisation.TWO_PASS
    ]
    rows = [HEADINGS, ("---",) * len(HEADINGS), *map(row, boards)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def main() -> None:
    """Replace what stands between the markers."""
    paths = sorted((ROOT / "build").glob("*/*/report.json"))
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    write_atomically(README, f"{before}{BEGIN}\n{table(reports)}\n{END}{after}")


if __name__ == "__main__":
    main()
