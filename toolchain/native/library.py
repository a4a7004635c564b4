"""Shared libraries of generated C, compiled once for this computer and kept in the user's cache."""

import atexit
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from toolchain.build.compiler import Compiler
from toolchain.build.sources import build_id
from toolchain.target import Target, load_target
from toolchain.tools import find_tool

_SUFFIX = ".dll" if sys.platform == "win32" else ".so"
_FLAGS = ["-O3", "-fvisibility=hidden", *([] if sys.platform == "win32" else ["-fPIC"])]
#: Code for the very CPU it is compiled on.
_THIS_CPU = "-march=native"


def library(sources: Mapping[str, str]) -> Path:
    """Return the shared library of ``sources``: the cached one, or a new one.

    Another process may make the same one at the same time: each compiles in a folder of its own, and the finished file
    appears under its name at once.

    Args:
        sources: C files and headers by name.

    Raises:
        MissingToolError: The host's C compiler is not installed.
        BuildError: It does not compile them.
    """
    target = _shared_target()
    folder = cache_folder()
    compiler = Compiler(target, folder)
    path = folder / f"{build_id(sources, (*compiler.flags, compiler.version, cpu_macros())).hex()}{_SUFFIX}"
    if not path.is_file():
        with tempfile.TemporaryDirectory(dir=folder, prefix=".") as work:
            os.replace(_compile(sources, Compiler(target, Path(work).resolve())), path)
    return path


@cache
def cpu_macros() -> str:
    """What the host's compiler predefines for this computer's CPU: one ``#define`` a line.

    Raises:
        MissingToolError: The host's C compiler is not installed.
    """
    return _predefined([_THIS_CPU]) or _predefined([])


@cache
def cache_folder() -> Path:
    """A folder to keep libraries in: in the user's cache, or for this process only where that cannot be written."""
    folder = _user_cache() / "wav2small-toolchain" / "native"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix="."):
            return folder
    except OSError:
        temporary = tempfile.TemporaryDirectory(prefix="wav2small-native-", ignore_cleanup_errors=True)
        atexit.register(temporary.cleanup)
        return Path(temporary.name)


def _user_cache() -> Path:
    if chosen := os.environ.get("XDG_CACHE_HOME"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home())
    return Path.home() / ("Library/Caches" if platform.system() == "Darwin" else ".cache")


def _shared_target() -> Target:
    """The host target, set up for the parts of a shared library instead of a program."""
    host = load_target("host")
    this_cpu = [_THIS_CPU] if _predefined([_THIS_CPU]) else []
    compiler = host.compiler.model_copy(update={"flags": [*_FLAGS, *this_cpu]})
    return host.model_copy(update={"compiler": compiler})


@cache
def _predefined_by(command: str, flags: tuple[str, ...]) -> str:
    done = subprocess.run(
        [command, *flags, "-dM", "-E", "-x", "c", "-"], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    return done.stdout if done.returncode == 0 else ""


def _predefined(flags: list[str]) -> str:
    """The macros that the host's compiler predefines under ``flags``; "" where it does not know them."""
    return _predefined_by(str(find_tool(load_target("host").compiler.command)), tuple(flags))


def _compile(sources: Mapping[str, str], compiler: Compiler) -> Path:
    folder = compiler.folder / "src" / "engine"
    folder.mkdir(parents=True)
    for name, text in sources.items():
        (folder / name).write_text(text, encoding="utf-8")
    objects = [compiler.compile(f"engine/{name}") for name in sorted(sources) if name.endswith(".c")]
    output = f"library{_SUFFIX}"
    compiler.link_shared(objects, output)
    return compiler.folder / output
