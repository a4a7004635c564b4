"""``toolchain doctor``."""

import importlib.util
import platform
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from toolchain.cli.console import print_json, stdout
from toolchain.cli.options import JsonOption

if TYPE_CHECKING:
    from toolchain.target import Target

EXAMPLE = "toolchain doctor --target mps2-an386"

#: Extra -> what it is for, and the modules that show it is installed.
_EXTRAS = {
    "train": ("distill", ("torch",)),
    "convert": ("export, quantize", ("torch", "onnx", "onnx2tf", "ai_edge_litert", "litert_quantizer")),
    "tflm": ("measure TFLite Micro", ("tflite_micro",)),
    "tensorflow": ("the other converter of onnx2tf", ("tensorflow",)),
    "hub": ("checkpoints by hub id", ("huggingface_hub",)),
}


@dataclass(frozen=True)
class Check:
    """One thing that is there or not: what needs it, what was found, and the line that installs it."""

    needed_for: str
    name: str
    found: bool
    detail: str


def doctor(
    target: Annotated[
        str | None,
        typer.Option("--target", "-t", metavar="NAME", help="Check this target only; exit code 3 if it cannot run."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show what is installed, what is missing, and the line that installs it."""
    from toolchain.errors import MissingToolError
    from toolchain.target import load_target, target_names

    if target is None:
        checks = [*_general(), *(check for name in target_names() for check in _target_checks(load_target(name)))]
    else:
        checks = list(_target_checks(load_target(target)))
    if json:
        print_json([asdict(check) for check in checks])
    else:
        _print(checks)
    missing = [check for check in checks if not check.found]
    if target is not None and missing:
        raise MissingToolError(f"{target} cannot be built and run here: no {missing[0].name}", missing[0].detail)


def _general() -> Iterator[Check]:
    from toolchain.audio import installed_corpus
    from toolchain.errors import MissingToolError
    from toolchain.extras import install_line

    yield Check("everything", "Python", True, platform.python_version())
    for extra, (purpose, modules) in _EXTRAS.items():
        found = all(importlib.util.find_spec(module) for module in modules)
        yield Check(purpose, f"extra '{extra}'", found, "" if found else install_line(extra))
    try:
        yield Check("verify without --corpus", "recordings", True, str(installed_corpus()))
    except MissingToolError as error:
        yield Check("verify without --corpus", "recordings", False, error.hint)


def _target_checks(target: "Target") -> Iterator[Check]:
    from toolchain.tools import install_line

    commands = [target.compiler.command]
    if target.emulator and target.emulator.command:
        commands.append(target.emulator.command)
    for command in commands:
        path = shutil.which(command)
        yield Check(f"target {target.name}", command, path is not None, path or f"run: {install_line(command)}")


def _print(checks: list[Check]) -> None:
    width = max(len(check.name) for check in checks)
    for check in checks:
        mark = "[green]ok     [/]" if check.found else "[yellow]missing[/]"
        detail = f": {check.detail}" if check.detail else ""
        stdout.print(f"{mark}  {check.name:<{width}}  {escape(check.needed_for + detail)}")
