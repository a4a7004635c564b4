"""Firmware built once per test process, for tests that need a board to talk to."""

import atexit
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from tests.random_student import random_student
from toolchain.build import BuildResult, build_firmware
from toolchain.build import firmware as firmware_module
from toolchain.build.sources import firmware_sources
from toolchain.errors import MissingToolError
from toolchain.faults.prepare import sanitized
from toolchain.flash.rp2040js import find_rp2040js
from toolchain.model_names import MODELS
from toolchain.quantize.student import QuantizedStudent
from toolchain.target import Target, load_target, target_names
from toolchain.tools import find_tool


@cache
def _folder() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="firmware-tests-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


@cache
def student_of(model: str) -> QuantizedStudent:
    """The random student every test build of ``model`` holds."""
    return random_student(model)


def sanitized_host() -> Target:
    """The host target with the address and undefined-behaviour sanitizers in it."""
    return sanitized(load_target("host"))


def strict(target: Target) -> Target:
    """The target with every warning of its compiler an error."""
    compiler = target.compiler.model_copy(update={"flags": [*target.compiler.flags, "-Werror"]})
    return target.model_copy(update={"compiler": compiler})


def deployments() -> list[tuple[str, str]]:
    """All pairs of a target and a model it has a budget for; a target without budgets takes every model."""
    return [
        (name, model) for name in target_names() for model in load_target(name).budget.flash_bytes or MODELS
    ]


def need(command: str) -> None:
    """Skip the test that calls this, with the line that installs ``command``, if it is not installed."""
    try:
        find_tool(command)
    except MissingToolError as error:
        pytest.skip(f"{error.message}: {error.hint}")


def need_emulator(target: Target) -> None:
    """Skip the test that calls this, with the line that installs what is missing, if the target cannot be emulated."""
    assert target.emulator is not None
    if target.emulator.command is not None:
        need(target.emulator.command)
    if target.emulator.kind == "rp2040js":
        need("node")
        try:
            find_rp2040js()
        except MissingToolError as error:
            pytest.skip(f"{error.message}: {error.hint}")


@cache
def build_once(target_name: str, model: str, *, sanitized: bool = False) -> BuildResult:
    """Build ``model`` for a target; with the sanitizers on the host if wanted. Needs the target's compiler."""
    target = sanitized_host() if sanitized else load_target(target_name)
    need(target.compiler.command)
    out = _folder() / f"{target_name}{'-sanitized' if sanitized else ''}" / model
    return build_firmware(student_of(model), strict(target), out)


def build_to_emulate(target_name: str, model: str) -> BuildResult:
    """The same for a target that is then emulated: skips the test where it cannot be."""
    need_emulator(load_target(target_name))
    return build_once(target_name, model)


def replace_in_source(
    patch: pytest.MonkeyPatch, name: str, old: str, new: str, *, builder: ModuleType = firmware_module
) -> None:
    """Let every image be built, by the module ``builder``, with ``new`` for the one ``old`` in the source ``name``."""

    def replaced(student: QuantizedStudent, target: Target, **options: bool) -> dict[str, str]:
        sources = firmware_sources(student, target, **options)
        assert sources[name].count(old) == 1
        return {**sources, name: sources[name].replace(old, new)}

    patch.setattr(builder, "firmware_sources", replaced)


@cache
def build_profiled(model: str) -> BuildResult:
    """Build ``model`` for the host, with its ticks counted by layer and the sanitizers in it."""
    need("gcc")
    return build_firmware(student_of(model), strict(sanitized_host()), _folder() / "profiled" / model, profiled=True)
