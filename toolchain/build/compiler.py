"""The C compiler: every source to an object, all objects to an ELF file, the ELF file to other formats."""

import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from toolchain.build.sizes import largest_within
from toolchain.errors import BuildError, DoesNotFitError
from toolchain.target import Region, Target
from toolchain.tools import find_tool

#: The sources are clean under these; only the tests make them errors, for a user's compiler may know new ones.
_WARNINGS = (
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wsign-conversion",
    "-Wshadow",
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
)
_COMMON = ("-std=c11", "-g", "-ffunction-sections", "-fdata-sections", "-fno-common")
_INCLUDES = ("-Isrc/app", "-Isrc/board", "-Isrc/engine")

_OVERFLOW = re.compile(r"region `(\w+)' overflowed by (\d+) bytes")
_ERROR_LINE = re.compile(r"\berror: |undefined reference|cannot find|multiple definition|not found")


class Compiler:
    """One target's compiler, run in one folder so that no absolute path gets into what it makes.

    Args:
        target: whose command and flags are used.
        folder: the build folder; sources are in ``src/``, objects go to ``obj/``.
        link_flags: what the linker is told beyond the target's flags.

    Raises:
        MissingToolError: if the compiler is not installed.
    """

    def __init__(self, target: Target, folder: Path, link_flags: Iterable[str] = ()) -> None:
        self._target = target
        self._link_flags = list(link_flags)
        self.folder = folder
        self._command = str(find_tool(target.compiler.command))

    @property
    def version(self) -> str:
        """First line of the compiler's ``--version``."""
        return self._run([self._command, "--version"]).splitlines()[0]

    @property
    def flags(self) -> list[str]:
        """All flags of a compilation, but for the mapping of the build folder's path."""
        compiler = self._target.compiler
        return [*compiler.flags, *compiler.compile_flags, *_COMMON, *_WARNINGS, *_INCLUDES]

    @property
    def link_flags(self) -> list[str]:
        """Flags added when linking."""
        return [*self._target.compiler.link_flags, "-Wl,--gc-sections", *self._link_flags]

    def compile(self, source: str) -> str:
        """Compile ``src/<source>`` and return the object's path, relative to the folder.

        Raises:
            BuildError: with the compiler's first error.
        """
        output = f"obj/{source.removesuffix('.c')}.o"
        (self.folder / output).parent.mkdir(parents=True, exist_ok=True)
        unmapped = f"-ffile-prefix-map={self.folder}=."
        self._run([self._command, *self.flags, unmapped, "-c", f"src/{source}", "-o", output])
        return output

    def link(self, objects: Sequence[str], linker_script: str | None, output: str) -> None:
        """Link ``objects`` to the ELF file ``output``, with a map beside it.

        Raises:
            DoesNotFitError: if a memory region overflows: by how much, and which part is the largest.
            BuildError: with the linker's first error.
        """
        script = ["-T", f"src/{linker_script}"] if linker_script else []
        map_file = Path(output).with_suffix(".map")
        flags = [*self._target.compiler.flags, *self.link_flags, f"-Wl,-Map={map_file}"]
        command = [self._command, *flags, *script, *objects, "-o", output]
        done = self._call(command)
        if overflow := _OVERFLOW.search(done.stderr):
            raise _does_not_fit(self._target, overflow.group(1), int(overflow.group(2)), self.folder / map_file)
        if done.returncode != 0:
            raise BuildError(*_explain(done.stderr, command))

    def link_shared(self, objects: Sequence[str], output: str) -> None:
        """Link ``objects`` to the shared library ``output``, with no flag that only some linkers know.

        Raises:
            BuildError: with the linker's first error.
        """
        self._run([self._command, *self._target.compiler.flags, "-shared", *objects, "-o", output])

    def convert(self, elf: str, file_format: str, output: str) -> None:
        """Write an ELF file's loadable bytes in another of objcopy's formats, such as "binary" or "ihex".

        Raises:
            MissingToolError: if objcopy, which comes with the compiler, is not there.
            BuildError: if it fails.
        """
        objcopy = find_tool(self._target.compiler.objcopy)
        self._run([str(objcopy), "-O", file_format, elf, output])

    def _run(self, command: list[str]) -> str:
        done = self._call(command)
        if done.returncode != 0:
            raise BuildError(*_explain(done.stderr, command))
        return done.stdout

    def _call(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
        )


#: Regions of the linker scripts: the field of the target's memory that they are, and what they are called.
_REGIONS = {"FLASH": ("flash", "flash"), "CODE": ("flash", "RAM for code"), "RAM": ("ram", "RAM")}


def _does_not_fit(target: Target, region: str, excess: int, map_file: Path) -> DoesNotFitError:
    """The error for a region of the linker script that overflows by ``excess`` bytes."""
    field, name = _REGIONS[region]
    memory: Region = getattr(target.memory, field)
    part, part_bytes = largest_within(map_file, Region(origin=memory.origin, length=memory.length + excess))
    return DoesNotFitError(
        f"the image does not fit the {name} of {target.name}: {excess:,} bytes too many; "
        f"the largest part is {part} with {part_bytes:,} bytes",
        "choose a smaller model, or a target with more memory",
    )


def _explain(stderr: str, command: list[str]) -> tuple[str, str]:
    lines = [line for line in stderr.splitlines() if line.strip()]
    first = next((line for line in lines if _ERROR_LINE.search(line)), lines[0] if lines else "no message")
    return f"{Path(command[0]).name} failed: {first}", f"the whole command was: {' '.join(command)}"
