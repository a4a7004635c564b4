"""Runs of ``verify`` that are interrupted in the middle, as real processes: the next goes on, to the same report."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.builds import need
from tests.processes import takes_ctrl_c
from toolchain.locks import locked
from toolchain.verify import HTML_FILE, JOURNALS, JSON_FILE

_CLIPS = 32
_SECONDS = 120.0

#: The same in two runs; the time that the host takes is not, nor what depends on it.
_TIMES = ("engine_seconds_per_second_of_audio", "ram_stack_bytes")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of ``--out`` with one build, and the build's own folder in it."""
    need("gcc")
    out = tmp_path_factory.mktemp("resume")
    subprocess.run([sys.executable, "-m", "toolchain", "build", "--target", "host", "--out", out], check=True)
    return out, out / "host" / "wav2small-17k"


@pytest.fixture
def verifying(built, corpus_dir):
    """Start ``verify``, with further options; ends it if the test does not."""
    out, folder = built
    for left in folder.glob(JOURNALS):
        left.unlink()
    started = []

    def start(*options: object) -> subprocess.Popen:
        command = (sys.executable, "-m", "toolchain", "verify", "--target", "host", "--out", out)
        clips = ("--corpus", corpus_dir, "--clips", _CLIPS, "--window", "0.5")
        process = subprocess.Popen(
            [str(part) for part in (*command, *clips, *options)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=takes_ctrl_c,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def whole(built, corpus_dir):
    """The report of a run that is not interrupted."""
    out, _ = built
    command = [sys.executable, "-m", "toolchain", "verify", "--target", "host", "--out", out, "--corpus", corpus_dir]
    done = subprocess.run([*command, "-n", str(_CLIPS), "-w", "0.5", "--json"], capture_output=True, check=True)
    report = json.loads(done.stdout)
    assert report["resumed_clips"] == 0
    assert {row["run"] for row in report["rows"]} == {1}
    return report


def _journal(folder) -> Path | None:
    """The one journal that there is."""
    return next(folder.glob(JOURNALS), None)


def _interrupt(process, folder, number, after=3) -> None:
    """Send a signal as soon as the journal has so many clips."""
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end and process.poll() is None:
        journal = _journal(folder)
        if journal is not None and journal.read_bytes().count(b"\n") > after:
            # All that the run has started goes with it, as when a terminal is closed or sends Ctrl-C.
            os.killpg(process.pid, number)
            return
        time.sleep(0.001)
    raise AssertionError(f"not interrupted: {process.communicate()}")


def _ended(process) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=_SECONDS)
    return process.returncode, out, err


def _finish(verifying, folder) -> tuple[dict, str]:
    code, out, err = _ended(verifying("--json"))
    assert code == 0, err
    assert _journal(folder) is None
    report = json.loads((folder / JSON_FILE).read_text())
    assert report == json.loads(out)
    return report, err


def _kept(folder) -> int:
    return len(_journal(folder).read_bytes().splitlines()) - 1


def _without_times(report) -> dict:
    rows = [{name: value for name, value in row.items() if name not in ("ticks", "run")} for row in report["rows"]]
    other = {name: value for name, value in report.items() if name not in (*_TIMES, "resumed_clips")}
    return {**other, "rows": rows}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_goes_on_after_a_signal_to_the_same_report(built, verifying, whole, number):
    _, folder = built
    first = verifying()
    _interrupt(first, folder, number)
    code, _, err = _ended(first)
    kept = _kept(folder)
    assert 3 <= kept < _CLIPS
    if number != signal.SIGKILL:
        assert code == 128 + number
        assert f"note: {kept} of {_CLIPS} clips are measured and kept; the same command goes on" in err
    lines = [json.loads(line)["clip"] for line in _journal(folder).read_text().splitlines()[1:]]
    report, err = _finish(verifying, folder)
    assert f"note: {kept} of {_CLIPS} clips were measured before an interruption and are kept; --fresh" in err
    assert _without_times(report) == _without_times(whole)
    assert report["resumed_clips"] == kept
    assert [row["run"] for row in report["rows"]] == [1] * kept + [2] * (_CLIPS - kept)
    assert [row["ticks"] for row in report["rows"][:kept]] == [line["result"]["ticks"] for line in lines]
    assert f"{kept} of {_CLIPS} clips were measured by earlier runs" in (folder / HTML_FILE).read_text()


def test_a_run_that_is_interrupted_twice(built, verifying, whole):
    _, folder = built
    for after in (2, 6):
        run = verifying()
        _interrupt(run, folder, signal.SIGKILL, after)
        _ended(run)
    report, _ = _finish(verifying, folder)
    assert _without_times(report) == _without_times(whole)
    runs = [row["run"] for row in report["rows"]]
    assert runs == sorted(runs) and set(runs) == {1, 2, 3}


def test_other_runs_leave_what_was_kept(built, verifying, whole):
    """One with another normaliser, a few other clips, and one that finds no board."""
    _, folder = built
    run = verifying()
    _interrupt(run, folder, signal.SIGKILL)
    _ended(run)
    kept = _kept(folder)
    for options, code in (
        (("--normaliser", "running"), 0),
        (("--clips", 1, "--window", "0.25"), 0),
        (("--port", "/dev/ttyABSENT"), 6),
    ):
        ended, _, err = _ended(verifying(*options))
        assert ended == code, err
        assert "are kept" not in err
        assert _kept(folder) == kept
    report, _ = _finish(verifying, folder)
    assert report["resumed_clips"] == kept
    assert _without_times(report) == _without_times(whole)


def test_fresh_measures_all_again(built, verifying, whole):
    _, folder = built
    run = verifying()
    _interrupt(run, folder, signal.SIGKILL)
    _ended(run)
    code, out, err = _ended(verifying("--fresh", "--json"))
    assert (code, json.loads(out)["resumed_clips"]) == (0, 0)
    assert "note" not in err
    assert _without_times(json.loads(out)) == _without_times(whole)


def test_two_runs_at_once_on_one_build_folder(built, verifying, whole):
    out, folder = built
    run = verifying("--json")
    end = time.monotonic() + _SECONDS
    while _journal(folder) is None and time.monotonic() < end:
        time.sleep(0.001)
    os.killpg(run.pid, signal.SIGSTOP)
    code, _, err = _ended(verifying())
    assert code == 2
    assert f"Another run is writing {folder}" in err and "Wait until it ends" in err
    where = ("--target", "host", "--out", str(out))
    for verb in ("build", "run", "flash"):
        again = subprocess.run([sys.executable, "-m", "toolchain", verb, *where], capture_output=True, text=True)
        assert again.returncode == 2 and f"Another run is writing {folder}" in again.stderr
    os.killpg(run.pid, signal.SIGCONT)
    code, stdout, err = _ended(run)
    assert code == 0, err
    assert _without_times(json.loads(stdout)) == _without_times(whole)


def test_a_folder_that_is_held_is_named_in_the_same_process_too(cli, built):
    out, folder = built
    with locked(folder):
        called = cli("build", "--target", "host", "--out", out)
    assert called.code == 2
    assert f"Another run is writing {folder}" in called.err
    assert not list(folder.parent.glob(".*.lock"))


def test_the_journals_place_is_taken_by_something_else(built, verifying, tmp_path):
    _, folder = built
    run = verifying()
    _interrupt(run, folder, signal.SIGKILL)
    _ended(run)
    journal, precious = _journal(folder), tmp_path / "precious"
    precious.write_text("diary")
    journal.unlink()
    journal.symlink_to(precious)
    code, _, err = _ended(verifying())
    assert code == 2
    assert f"{journal} is no file that could keep what is measured" in err
    assert precious.read_text() == "diary" and journal.is_symlink()
    journal.unlink()
