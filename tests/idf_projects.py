"""ESP-IDF projects, built for this computer against stand-ins for ESP-IDF and run as a process."""

import atexit
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.builds import need, student_of
from toolchain.build import Project, write_project
from toolchain.target import Target, load_target

STUBS = Path(__file__).parent / "build" / "esp_idf_stubs"
CHIPS = ("esp32", "esp32s3", "esp32c3")

#: GPIO numbers as they could be on a board.
I2S_PINS = {"bclk": 26, "ws": 25, "din": 33}

_SANITIZERS = "-g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all"


def esp_target(chip: str, *, microphone: bool = False) -> Target:
    """A shipped target, with an I2S microphone or without."""
    target = load_target(chip)
    pinned = target.board.microphone.model_copy(update={"pins": I2S_PINS if microphone else {}})
    return target.model_copy(update={"board": target.board.model_copy(update={"microphone": pinned})})


@cache
def _folder() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="idf-tests-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


@cache
def project_once(chip: str, model: str, *, microphone: bool = False) -> Project:
    """Write the project of ``model`` for a chip."""
    out = _folder() / f"{chip}{'-microphone' if microphone else ''}" / model
    return write_project(student_of(model), esp_target(chip, microphone=microphone), out)


def configure(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run CMake over a project."""
    need("cmake")
    command = ["cmake", "-S", folder, "-B", folder / "build", f"-DCMAKE_C_FLAGS={_SANITIZERS}"]
    environment = {**os.environ, "IDF_PATH": str(STUBS)}
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def compile_project(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Compile a configured project; warnings are errors."""
    return subprocess.run(["cmake", "--build", folder / "build"], capture_output=True, text=True)


@cache
def program_once(chip: str, model: str, *, microphone: bool = False) -> Path:
    """The program that a project becomes here."""
    folder = project_once(chip, model, microphone=microphone).folder
    for done in (configure(folder), compile_project(folder)):
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "build" / "wav2small.elf"


@contextmanager
def running(program: Path) -> Iterator[tuple[str, str]]:
    """Run a program; yield its pseudo-terminal, and what it says of the way its UART was set up."""
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        yield process.stdout.readline().strip(), process.stdout.readline().strip()
        process.stdin.close()
        assert process.wait(timeout=10) == 0
