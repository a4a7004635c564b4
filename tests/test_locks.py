import signal
import subprocess
import sys

import pytest

from toolchain.errors import LinkError, UsageError
from toolchain.locks import Lock, lock_file, locked

_HOLDER = """
import sys, time
from pathlib import Path
from toolchain.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def held(tmp_path):
    """An output that another process holds, and that process."""
    out = tmp_path / "out"
    with subprocess.Popen([sys.executable, "-c", _HOLDER, out], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield out, process
        process.kill()


def test_a_second_process_is_told_and_a_killed_one_holds_nothing(held):
    out, process = held
    with pytest.raises(UsageError, match=f"Another run is writing {out}") as caught, locked(out):
        pass
    assert "choose another --out" in caught.value.hint
    assert lock_file(out).exists()
    process.send_signal(signal.SIGKILL)
    process.wait()
    with locked(out):
        pass
    assert list(out.parent.iterdir()) == []


def test_nothing_is_left_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "out"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_another_name_of_the_same_folder_is_the_same_lock(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    with locked(tmp_path / "folder"), pytest.raises(UsageError), locked(tmp_path / "link"):
        pass
    with locked(tmp_path / "folder"), locked(tmp_path / "another"):
        pass


def test_the_folder_that_one_stands_in_can_be_locked(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with locked(type(tmp_path)(".")):
        assert (tmp_path / ".here.lock").exists()


def test_releasing_twice_does_not_take_another_runs_lock(tmp_path):
    first = Lock(tmp_path / "lock", UsageError("taken"))
    first.release()
    with Lock(tmp_path / "lock", UsageError("taken")):
        first.release()
        with pytest.raises(LinkError, match="still taken"):
            Lock(tmp_path / "lock", LinkError("still taken"))


def test_an_output_where_nothing_can_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError) as caught, locked(tmp_path / "file" / "out"):
        pass
    assert caught.value.filename == str(tmp_path / "file" / "out")
    assert caught.value.strerror


def test_a_link_in_the_locks_place_is_not_written_through(tmp_path):
    (tmp_path / "precious").write_text("diary")
    (tmp_path / ".out.lock").symlink_to("precious")
    with pytest.raises(OSError), locked(tmp_path / "out"):
        pass
    assert (tmp_path / "precious").read_text() == "diary"
