"""``toolchain quantize``."""

from pathlib import Path
from typing import Annotated

import typer

from toolchain.cli.console import progress, stdout
from toolchain.cli.export import CheckpointArgument, CheckpointModelOption, FolderOption
from toolchain.cli.options import JsonOption

EXAMPLE = "toolchain quantize my-model.safetensors --out my-student --calibration recordings/"


def quantize(
    checkpoint: CheckpointArgument,
    out: FolderOption,
    model: CheckpointModelOption = None,
    calibration: Annotated[
        list[Path] | None,
        typer.Option(
            "--calibration",
            "-c",
            metavar="PATH",
            help="Recordings that the ranges of the activations are taken from; 24 embedded clips without it. "
            "May be repeated; of corpora with a metadata.csv, only training speakers are taken.",
        ),
    ] = None,
    clips: Annotated[int, typer.Option("--clips", "-n", min=1, metavar="N", help="How many of each to use.")] = 64,
    json: JsonOption = False,
) -> None:
    """Turn a float student into what 'build' takes; needs the extra 'convert'.

    Writes checkpoint, ONNX (float and int8), TFLite, the int8 backbone and the quantised student to one folder,
    with a manifest of hashes, tool versions and calibration clips. Use it with --student FOLDER.
    """
    from toolchain.extras import require
    from toolchain.locks import locked
    from toolchain.quantize.calibration import calibration_clips
    from toolchain.quantize.folder import MANIFEST, quantize_student

    student = require("toolchain.model.checkpoint", "convert").load_for_board(checkpoint, model)
    chosen = calibration_clips(calibration or [], clips)
    with locked(out), progress(f"quantising {student.name}", None) as bar:
        folder = quantize_student(student, out, chosen, on_file=lambda name: bar.advance(f"making {name}"))
    if json:
        typer.echo((folder.path / MANIFEST).read_text(encoding="utf-8"), nl=False)
        return
    stdout.print(f"{student.name}: quantised with {len(chosen)} clips, in {folder.path}", markup=False)
