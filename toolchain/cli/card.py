"""``toolchain card``."""

from pathlib import Path
from typing import Annotated

import typer

from toolchain.cli.console import progress, stdout
from toolchain.cli.training import CorporaArgument, LabellerOption, LabelsOption, TeacherOption, open_guide

EXAMPLE = "toolchain card my-student corpora/"


def card(
    student: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="A student that 'toolchain distill' left there.", show_default=False),
    ],
    corpus: CorporaArgument,
    teacher: TeacherOption = None,
    labels: LabelsOption = None,
    labeller: LabellerOption = None,
) -> None:
    """Measure a distilled student on held-out speakers, float and int8, and write its model card again."""
    from toolchain.extras import require

    guide = open_guide(teacher, labels, labeller)
    with progress(f"measuring {student}", None):
        require("toolchain.distill.card", "train").write_student_card(student, corpus, guide)
    stdout.print(f"model card: {student / 'card.md'}", markup=False)
