"""``toolchain export``."""

from pathlib import Path
from typing import Annotated

import typer

from toolchain.cli.console import progress, stdout

EXAMPLE = "toolchain export my-model.safetensors --out my-student"

CheckpointArgument = Annotated[
    str,
    typer.Argument(
        metavar="CHECKPOINT",
        help="A .safetensors file, a folder with model.safetensors, or a hub id such as audeering/wav2small "
        "(only a hub id uses the network).",
        show_default=False,
    ),
]
CheckpointModelOption = Annotated[
    str | None,
    typer.Option("--model", "-m", metavar="NAME", help="What it must be; found out from the file if not given."),
]
FolderOption = Annotated[
    Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where the files go.", show_default=False)
]


def export(checkpoint: CheckpointArgument, out: FolderOption, model: CheckpointModelOption = None) -> None:
    """Convert a float student to ONNX and TFLite; needs the extra 'convert'.

    A conversion that changes the outputs is refused: ONNX Runtime must equal torch to 1e-5, and float TFLite
    ONNX Runtime to 1e-4.
    """
    from toolchain.extras import require
    from toolchain.locks import locked
    from toolchain.quantize.folder import export_student

    student = require("toolchain.model.checkpoint", "convert").load_for_board(checkpoint, model)
    with locked(out), progress(f"exporting {student.name}", None) as bar:
        folder = export_student(student, out, on_file=lambda name: bar.advance(f"making {name}"))
    stdout.print(f"{student.name}: float ONNX and TFLite in {folder.path}", markup=False)
