"""SIGTERM ends a command as Ctrl-C does: with exit code 143, no emulator left, and nothing temporary."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.builds import need
from tests.processes import descendants, is_gone
from toolchain.faults import FaultTable
from toolchain.soak import SoakTable
from toolchain.verify import JOURNALS

#: Far longer than anything here takes; a process that is still not where it should be is an error.
_SECONDS = 120


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """The folder of ``--out`` with the host's build."""
    need("gcc")
    out = tmp_path_factory.mktemp("termination")
    subprocess.run([sys.executable, "-m", "toolchain", "build", "--target", "host", "--out", out], check=True)
    return out


@pytest.fixture
def temporary(tmp_path):
    """The folder for temporary files of what `start` starts."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


@pytest.fixture
def start(out, temporary):
    """Start a verb on the host; ends it if the test does not."""
    started = []

    def run(verb: str, *options: object) -> subprocess.Popen:
        command = [sys.executable, "-m", "toolchain", verb, "--target", "host", "--out", out, *options]
        process = subprocess.Popen(
            [str(part) for part in command],
            env=os.environ | {"TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def _wait_until(process, ready) -> None:
    end = time.monotonic() + _SECONDS
    while not ready():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.002)


def _terminate(process, send) -> str:
    """End a process; return what it said on stderr."""
    children = descendants(process.pid)
    send(process)
    _, err = process.communicate(timeout=_SECONDS)
    assert process.returncode == 143, err
    assert "Traceback" not in err
    assert all(is_gone(pid) for pid in children)
    return err


def _one(process):
    os.kill(process.pid, signal.SIGTERM)


def _group(process):
    """As a service manager does: the processes that it has started are told themselves, too."""
    os.killpg(process.pid, signal.SIGTERM)


def _twice(process):
    """As ``timeout`` does, once to the process and once to its group."""
    _one(process)
    _group(process)


@pytest.mark.parametrize("send", [_one, _group, _twice])
def test_verify_leaves_its_journal_and_nothing_else(start, out, temporary, corpus_dir, send):
    folder = out / "host" / "wav2small-17k"
    before = {path.name for path in (*folder.parent.iterdir(), *folder.iterdir())}
    process = start("verify", "--corpus", corpus_dir, "--clips", 12, "--window", 0.5, "--fresh")
    _wait_until(process, lambda: any(path.read_bytes().count(b"\n") > 3 for path in folder.glob(JOURNALS)))
    (journal,) = folder.glob(JOURNALS)
    assert list(temporary.glob("toolchain-image-*"))
    err = _terminate(process, send)
    assert "clips are measured and kept; the same command goes on from there" in err
    assert list(temporary.iterdir()) == []
    after = {path.name for path in (*folder.parent.iterdir(), *folder.iterdir())}
    assert after - before == {journal.name}
    journal.unlink()


def test_a_board_that_is_kept_running_is_stopped(start, temporary):
    process = start("flash", "--keep-running")
    assert process.stderr is not None
    while "Ctrl-C ends it" not in (line := process.stderr.readline()):
        assert line, "it has ended"
    _terminate(process, _one)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("send", [_one, _group])
def test_faults_keeps_what_is_tried(start, temporary, tmp_path, send):
    path = tmp_path / "faults.json"
    options = ("--share", 0.02, "--random", 50, "--recovery", 1, "--jobs", 2, "--json", path)
    process = start("faults", *options)
    _wait_until(process, path.is_file)
    _terminate(process, send)
    assert list(temporary.iterdir()) == []
    (result,) = FaultTable.read(path).targets
    assert result.unfinished is not None
    assert result.unfinished.done


def test_a_farm_is_told_with_its_boards(start, temporary, tmp_path):
    path = tmp_path / "soak.json"
    process = start("soak", "--target", "host", "--clips", 1000, "--seconds", 0.1, "--json", path)
    _wait_until(process, path.is_file)
    _terminate(process, _group)
    assert list(temporary.iterdir()) == []
    rows = SoakTable.read(path).boards
    assert rows and all(row.done and row.error is None for row in rows)


def test_a_signal_that_is_ignored_stays_so():
    """As whoever starts a process may want it."""
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    lines = [code, "import os, typer", "from toolchain.cli import app"]
    lines += ["app.app = lambda: (os.kill(os.getpid(), signal.SIGTERM), print('goes on'))", "app.main()"]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "goes on\n"), done.stderr
