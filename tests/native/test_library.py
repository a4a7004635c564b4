"""Libraries in the cache: made once, whole, by as many processes as like."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builds import need
from toolchain.errors import BuildError, MissingToolError
from toolchain.native.library import cache_folder, library

ROOT = Path(__file__).resolve().parents[2]

ANSWER = "int answer(void);\nint __attribute__((visibility(\"default\"))) answer(void) {{ return {}; }}\n"


@pytest.fixture(autouse=True)
def compiler() -> None:
    need("gcc")


def test_the_same_sources_are_compiled_once() -> None:
    path = library({"answer.c": ANSWER.format(42)})
    before = path.stat()
    assert library({"answer.c": ANSWER.format(42)}) == path
    assert path.stat() == before
    assert ctypes.CDLL(str(path)).answer() == 42


def test_other_sources_are_another_library() -> None:
    paths = [library({"answer.c": ANSWER.format(number)}) for number in (1, 2)]
    assert [ctypes.CDLL(str(path)).answer() for path in paths] == [1, 2]


def test_nothing_unfinished_stays() -> None:
    with pytest.raises(BuildError, match="gcc failed"):
        library({"answer.c": "int answer(void) { return; }\n#error stop\n"})
    assert not [path for path in cache_folder().iterdir() if path.suffix != ".so"]


def test_several_processes_at_once() -> None:
    script = (
        "import ctypes; from toolchain.native.library import library; "
        f"print(ctypes.CDLL(str(library({{'answer.c': {ANSWER.format(7)!r}}}))).answer())"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(4)
    ]
    assert [process.communicate()[0] for process in running] == ["7\n"] * 4


def test_a_cache_that_cannot_be_written_is_done_without(monkeypatch, tmp_path) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    cache_folder.cache_clear()
    try:
        assert ctypes.CDLL(str(library({"answer.c": ANSWER.format(3)}))).answer() == 3
        assert not cache_folder().is_relative_to(tmp_path)
    finally:
        cache_folder.cache_clear()


def test_without_a_compiler_the_error_says_what_to_install(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match="'gcc' is not installed") as raised:
        library({"answer.c": ANSWER.format(1)})
    assert raised.value.hint
