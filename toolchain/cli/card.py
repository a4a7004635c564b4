"""``toolchain card``."""

from pathlib import Path
from typing import Annotated

import typer

from toolchain.cli.console import progress, stdout
from toolchain.cli.training import CorporaArgument, TeacherOption

EXAMPLE = "toolchain card my-student corpora/"


def card(
    student: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="A student that 'toolchain distill' left there.", show_default=False),
    ],
    corpus: CorporaArgument,
    teacher: TeacherOption = None,
) -> None:
    """Measure a distilled student on held-out speakers, float and int8, and write its model card again."""
    from toolchain.extras import require

    whom = require("toolchain.teacher.load", "train").load(teacher or ["acted"])
    with progress(f"measuring {student}", None):
        require("toolchain.distill.card", "train").write_student_card(student, corpus, whom)
    stdout.print(f"model card: {student / 'card.md'}", markup=False)
