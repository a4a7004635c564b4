"""``toolchain build``."""

from pathlib import Path
from typing import TYPE_CHECKING

from toolchain.cli.console import print_json, progress, step
from toolchain.cli.options import DEFAULT_OUT, JsonOption, ModelOption, OutOption, StudentOption, TargetOption

if TYPE_CHECKING:
    from toolchain.build import BuildResult
    from toolchain.quantize.student import QuantizedStudent
    from toolchain.target import Target

EXAMPLE = "toolchain build --target mps2-an386 --model wav2small-72k"


def build(
    target: TargetOption,
    model: ModelOption = None,
    student: StudentOption = None,
    out: OutOption = DEFAULT_OUT,
    json: JsonOption = False,
) -> None:
    """Generate C for a student, compile it and check it against the target's budget."""
    from toolchain.cli.students import open_student
    from toolchain.target import load_target

    board = load_target(target)
    result = build_image(open_student(model, student).quantized, board, out)
    if json:
        print_json(result.manifest)


def build_image(student: "QuantizedStudent", target: "Target", out: Path) -> "BuildResult":
    """Build with a progress bar, and say on stderr what came of it."""
    from toolchain.build import build_firmware

    folder = build_folder(out, target, student)
    with progress(f"building {student.model} for {target.name}", None) as bar:
        result = build_firmware(student, target, folder, progress=lambda source: bar.advance(f"compiling {source}"))
    step(f"built {result.image}: {_sizes(result, target, student.model)}")
    return result


def build_folder(out: Path, target: "Target", student: "QuantizedStudent") -> Path:
    """Where builds and reports of one target and model lie."""
    return out / target.name / student.model


def _sizes(result: "BuildResult", target: "Target", model: str) -> str:
    from toolchain.build.budget import limits

    allowed = limits(target, model)
    sizes = result.sizes
    stack = f" + {sizes.stack_bytes:,} reserved for the stack" if sizes.stack_bytes else ""
    return (
        f"flash {sizes.flash_bytes:,}{_of(allowed.flash_bytes)} bytes, "
        f"RAM {sizes.ram_static_bytes:,}{stack}{_of(allowed.ram_bytes)} bytes"
    )


def _of(limit: int | None) -> str:
    return "" if limit is None else f" of {limit:,}"
