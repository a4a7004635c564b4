"""The fuzz targets of the firmware: its generated sources, built by clang with libFuzzer and the sanitizers."""

import os
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.builds import need, student_of
from toolchain.build.sources import BUILD_ID_FILE, DIGEST_BYTES, build_id_source, firmware_sources
from toolchain.target import load_target

HERE = Path(__file__).parent
MODEL = "wav2small-17k"

_FLAGS = ["-std=c11", "-g", "-O1", "-fno-omit-frame-pointer", "-fno-sanitize-recover=all"]
_WARNINGS = ["-Wall", "-Wextra", "-Werror"]
_SANITIZERS = "-fsanitize=address,undefined"
_FUZZER = "-fsanitize=fuzzer,address,undefined"

#: What an input may take; the longest that a healthy one took is far below.
_SECONDS_PER_INPUT = 25

#: The firmware has no heap, so that single allocations alone are watched. libFuzzer's other limit is of the most memory
#: that the system has counted for the process, which on Linux begins with what its parent held when it started it.
_MEMORY_LIMITS = ("-rss_limit_mb=0", "-malloc_limit_mb=64")


@dataclass(frozen=True)
class FuzzTarget:
    """One fuzz target.

    Attributes:
        name: its driver is ``fuzz_<name>.c``, with parts in ``<name>/`` if there are any; its committed inputs are in
            ``corpus/<name>``.
        parts: sources of the firmware in it, as patterns below ``src``.
        longest: of an input, in bytes.
    """

    name: str
    parts: tuple[str, ...]
    longest: int

    @property
    def own_sources(self) -> list[Path]:
        return [HERE / f"fuzz_{self.name}.c", HERE / "wire.c", *sorted((HERE / self.name).glob("*.c"))]

    @property
    def corpus(self) -> Path:
        return HERE / "corpus" / self.name


TARGETS = (
    FuzzTarget("frames", ("app/link.c", "app/crc32.c", "app/receive_ring.c"), 1024),
    FuzzTarget("session", ("app/*.c", "engine/*.c", "board/link.c"), 2048),
)
#: Ends in a session that never returns; the fuzz target calls it.
_MAIN = "main.c"


@dataclass(frozen=True)
class Run:
    """What a fuzz target said, and figures of its last line of progress.

    Attributes:
        text: its output.
        runs: inputs that it tried.
        edges: of the control flow, that some input has reached.
        all_edges: that there are.
    """

    text: str
    runs: int
    edges: int
    all_edges: int

    @classmethod
    def of(cls, text: str) -> "Run":
        """Read libFuzzer's output."""
        progress = re.findall(r"^#(\d+)\t.*? cov: (\d+) ", text, flags=re.MULTILINE)
        runs, edges = map(int, progress[-1]) if progress else (0, 0)
        counters = re.search(r"\((\d+) inline 8-bit counters\)", text)
        return cls(text, runs, edges, int(counters[1]) if counters else 0)


def build(target: FuzzTarget, folder: Path) -> Path:
    """Build a fuzz target in an empty folder and return the program; skips the test where clang cannot."""
    _need_libfuzzer()
    sources = folder / "src"
    _write_sources(sources)
    included = [f"-I{sources / name}" for name in ("app", "board", "engine")]
    parts = [path for pattern in target.parts for path in sorted(sources.glob(pattern)) if path.name != _MAIN]
    # The engine has its sanitizers and no counters of coverage: its branches are the audio's, not the protocol's.
    counted = [path for path in parts if path.parent.name != "engine"]
    objects = [_compile(path, [*included, _SANITIZERS], folder) for path in parts if path not in counted]
    program = folder / target.name
    sources_and_objects = [*target.own_sources, *counted, *objects]
    _clang([*_FLAGS, *_WARNINGS, _FUZZER, *included, f"-I{HERE}", *sources_and_objects, "-o", program])
    return program


def _compile(source: Path, flags: list[str], folder: Path) -> Path:
    made = folder / f"{source.stem}.o"
    _clang([*_FLAGS, "-O2", *flags, "-c", source, "-o", made])
    return made


def _write_sources(folder: Path) -> None:
    """All sources of the image for this computer, whose board the fuzz target replaces."""
    student, host = student_of(MODEL), load_target("host")
    sources = firmware_sources(student, host)
    sources[BUILD_ID_FILE] = build_id_source(bytes(range(DIGEST_BYTES)), student)
    for name, text in sources.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@cache
def _libfuzzer_works() -> bool:
    program = "int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return d && n > 1ul << 40; }"
    command = ["clang", _FUZZER, "-x", "c", "-", "-o", os.devnull]
    return subprocess.run(command, input=program, text=True, capture_output=True).returncode == 0


def _need_libfuzzer() -> None:
    need("clang")
    if not _libfuzzer_works():
        pytest.skip("clang has no libFuzzer or sanitizers: sudo apt-get install libclang-rt-14-dev")


def _clang(arguments: list[str | Path]) -> None:
    done = subprocess.run(["clang", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def fuzz(target: FuzzTarget, program: Path, options: list[str], folder: Path) -> Run:
    """Run a fuzz target from its committed inputs on; fails with its report and the input if it finds anything.

    Args:
        target: which.
        program: what `build` made of it.
        options: of libFuzzer.
        folder: where new inputs go, into ``new``, and those that it found something with.
    """
    new = folder / "new"
    new.mkdir(parents=True, exist_ok=True)
    limits = [f"-timeout={_SECONDS_PER_INPUT}", *_MEMORY_LIMITS, f"-max_len={target.longest}"]
    done = subprocess.run(
        [program, *limits, f"-artifact_prefix={folder}/", *options, new, target.corpus],
        capture_output=True,
        text=True,
        errors="replace",
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    return Run.of(done.stderr)
