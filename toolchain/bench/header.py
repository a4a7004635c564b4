"""What a table is measured with: clips, students, and the versions of the programs that are installed."""

import json
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from toolchain.audio import Selection
from toolchain.bench.measure import Contestant, audio_digest
from toolchain.bench.table import Audio, Header
from toolchain.errors import MissingToolError
from toolchain.flash.rp2040js import find_rp2040js
from toolchain.target import Target


def make_header(
    targets: Sequence[Target], contestants: Iterable[Contestant], selection: Selection, corpus: str, seconds: float
) -> Header:
    """Describe what is about to be measured.

    Args:
        targets: boards.
        contestants: students.
        selection: clips of ``seconds`` each, the same for all boards.
        corpus: what the clips' origin is called.
        seconds: length of each clip.
    """
    clips = selection.clips
    return Header(
        audio=Audio(corpus=corpus, clips=len(clips), seconds=seconds, sha256=audio_digest(clips)),
        students={student.quantized.model: student.quantized.digest().hex() for student in contestants},
        compilers=_versions({target.compiler.command for target in targets}),
        emulators=_emulators(targets),
    )


def _emulators(targets: Iterable[Target]) -> dict[str, str]:
    """Versions of the emulators and simulators, by command or package."""
    emulators = [target.emulator for target in targets if target.emulator]
    kinds = {emulator.kind for emulator in emulators}
    found = _versions({emulator.command for emulator in emulators if emulator.command})
    if "rp2040js" in kinds:
        with suppress(MissingToolError):
            manifest = json.loads((find_rp2040js() / "package.json").read_text(encoding="utf-8"))
            found["rp2040js"] = manifest["version"]
    if "labwired" in kinds:
        with suppress(PackageNotFoundError):
            found["labwired"] = version("labwired")
    return dict(sorted(found.items()))


def _versions(commands: Iterable[str]) -> dict[str, str]:
    """First line of each program's ``--version``, by command."""
    paths = {command: shutil.which(command) for command in sorted(commands)}
    return {command: _first_line(path) for command, path in paths.items() if path}


def _first_line(program: str) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return done.stdout.partition("\n")[0]
