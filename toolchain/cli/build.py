"""``toolchain build``."""

import errno
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from toolchain.cli.console import print_json, progress, step
from toolchain.cli.options import (
    DEFAULT_OUT,
    Framework,
    FrameworkOption,
    JsonOption,
    ModelOption,
    OutOption,
    SignOption,
    StudentOption,
    TargetOption,
)

if TYPE_CHECKING:
    from toolchain.build import BuildResult, Project
    from toolchain.quantize.student import QuantizedStudent
    from toolchain.target import Target

#: What the system says of a folder in which this user can write nothing.
_NOT_WRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM)

EXAMPLE = "toolchain build --target mps2-an386 --model wav2small-72k"


def build(
    target: TargetOption,
    model: ModelOption = None,
    student: StudentOption = None,
    framework: FrameworkOption = Framework.BARE_METAL,
    sign: SignOption = None,
    out: OutOption = DEFAULT_OUT,
    json: JsonOption = False,
) -> None:
    """Generate C for a student, compile it and check it against the target's budget.

    With --framework esp-idf, write a project for ESP-IDF instead, to be compiled and flashed by its idf.py.
    """
    from toolchain.build.idf_project import project_target
    from toolchain.cli.signatures import open_signer, sign_built
    from toolchain.cli.students import open_student
    from toolchain.target import load_target

    signer = open_signer(sign)
    board, chosen = load_target(target), open_student(model, student).quantized
    result: BuildResult | Project
    if framework is Framework.ESP_IDF:
        project_target(board)  # a chip that ESP-IDF does not know leaves no folder behind
        with writing(project_folder(out, board, chosen)):
            result = _make_project(chosen, board, out)
            sign_built(result, signer)
        step(f"then here: {_verify_line(target, model, student, out)}")
    else:
        with writing(build_folder(out, board, chosen)):
            result = build_image(chosen, board, out)
            sign_built(result, signer)
    if json:
        print_json(result.manifest)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Keep other runs from a build's folder, which need not exist yet, while the block runs.

    Raises:
        UsageError: another run uses it.
        BuildError: it cannot be written.
    """
    from toolchain.errors import BuildError
    from toolchain.locks import hold

    try:
        lock = hold(folder)
    except OSError as error:
        raise BuildError(f"cannot write the build to {folder}: {error.strerror}") from error
    with lock:
        yield


@contextmanager
def using(folder: Path) -> Iterator[None]:
    """Keep other runs from a finished build while the block runs; without a folder there is nothing to keep.

    Raises:
        UsageError: another run uses it.
        OSError: nothing can be written beside it.
    """
    from toolchain.locks import locked

    if not folder.is_dir():
        yield
        return
    with locked(folder):
        yield


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """As `using`, for a command that writes nothing beside the build: where no lock can be made it goes without one.

    Raises:
        UsageError: another run uses it.
    """
    from toolchain.locks import Lock, hold

    lock: Lock | nullcontext[None] = nullcontext()
    if folder.is_dir():
        try:
            lock = hold(folder)
        except OSError as error:
            if error.errno not in _NOT_WRITABLE:
                raise
    with lock:
        yield


def build_image(student: "QuantizedStudent", target: "Target", out: Path) -> "BuildResult":
    """Build with a progress bar, and say on stderr what came of it."""
    from toolchain.build import build_firmware

    folder = build_folder(out, target, student)
    with progress(f"building {student.model} for {target.name}", None) as bar:
        result = build_firmware(student, target, folder, progress=lambda source: bar.advance(f"compiling {source}"))
    step(f"built {result.image}: {_sizes(result, target, student.model)}")
    return result


def _make_project(student: "QuantizedStudent", target: "Target", out: Path) -> "Project":
    """Write an ESP-IDF project, and say on stderr how it is built and flashed."""
    from toolchain.build import write_project

    project = write_project(student, target, project_folder(out, target, student))
    step(f"wrote {project.folder}, build {project.build_id.hex()}; where ESP-IDF is installed, in that folder:")
    step(f"    idf.py set-target {project.manifest['chip']} && idf.py build && idf.py -p PORT flash")
    return project


def _verify_line(target: str, model: str | None, student: Path | None, out: Path) -> str:
    """The command that verifies what this one has built."""
    given = {"--model": model, "--student": student, "--out": out if out != DEFAULT_OUT else None}
    options = [part for name, value in given.items() if value is not None for part in (name, str(value))]
    return shlex.join(
        ["toolchain", "verify", "--target", target, *options, "--framework", "esp-idf", "--port", "PORT"]
    )


def project_folder(out: Path, target: "Target", student: "QuantizedStudent") -> Path:
    """Where the ESP-IDF project of one target and model lies."""
    from toolchain.build.idf_project import PROJECT_FOLDER

    return build_folder(out, target, student) / PROJECT_FOLDER


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
