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
        Path | None,
        typer.Option(
            "--calibration",
            "-c",
            metavar="PATH",
            help="Recordings that the ranges of the activations are taken from; 24 embedded clips without it.",
        ),
    ] = None,
    clips: Annotated[int, typer.Option("--clips", "-n", min=1, metavar="N", help="How many of them to use.")] = 64,
    json: JsonOption = False,
) -> None:
    """Turn a float student into what 'build' takes; needs the extra 'convert'.

    Writes checkpoint, ONNX (float and int8), TFLite, the int8 backbone and the quantised student to one folder,
    with a manifest of hashes, tool versions and calibration clips. Use it with --student FOLDER.
    """
    from toolchain.audio import select_clips
    from toolchain.audio.calibration import calibration_folder
    from toolchain.extras import require
    from toolchain.quantize.folder import MANIFEST, quantize_student

    student = require("toolchain.model.checkpoint", "convert").load(checkpoint, model)
    selection = select_clips(calibration or calibration_folder(), clips)
    with progress(f"quantising {student.name}", None) as bar:
        folder = quantize_student(student, out, selection.clips, on_file=lambda name: bar.advance(f"making {name}"))
    if json:
        typer.echo((folder.path / MANIFEST).read_text(encoding="utf-8"), nl=False)
        return
    stdout.print(f"{student.name}: quantised with {len(selection.clips)} clips, in {folder.path}", markup=False)
