"""``toolchain soak``: a farm, its file, going on with it, and exit codes."""

import json
import signal
import subprocess
import sys
import time

import pytest

from tests.builds import need
from tests.processes import takes_ctrl_c
from toolchain.locks import hold
from toolchain.soak import SoakTable

ARGUMENTS = ("soak", "-t", "host", "-t", "host", "--clips", 100, "--seconds", 0.05)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    need("gcc")
    return tmp_path_factory.mktemp("soak")


@pytest.fixture(scope="module")
def table(out):
    return out / "soak.json"


def test_a_farm_and_its_file(cli, out, table):
    called = cli(*ARGUMENTS, "--json", table, "-o", out)
    assert called.code == 0, called.err
    assert "host 2" in called.out
    assert called.out.count("passed") == 2
    rows = json.loads(table.read_text())["boards"]
    assert [row["board"] for row in rows] == ["host", "host 2"]
    assert {row["figures"]["equal"] for row in rows} == {100}
    assert str(out) not in table.read_text()


def test_going_on_leaves_what_is_done_and_takes_up_what_stopped(cli, out, table, tmp_path):
    cli(*ARGUMENTS, "--json", table, "-o", out, "--resume")
    whole = SoakTable.read(table)
    before = table.read_bytes()
    called = cli(*ARGUMENTS, "--json", table, "-o", out, "--resume")
    assert called.code == 0, called.err
    assert table.read_bytes() == before

    path = tmp_path / "stopped.json"
    row = whole.boards[1]
    stopped = row.model_copy(update={"figures": None, "health": None, "batches": _batches(60), "error": "it fell"})
    whole.with_row(stopped).write(path)
    called = cli(*ARGUMENTS, "--json", path, "-o", out, "--resume")
    assert called.code == 0, called.err
    assert "host 2: going on after 60 clips, in session 2" in called.err
    figures = SoakTable.read(path).boards[1].figures
    assert (figures.clips, figures.equal, figures.sessions) == (100, 100, 2)


@pytest.mark.parametrize("output", ["host/wav2small-17k", "soak.json"])
def test_a_second_run_on_one_folder_or_file_is_told(cli, out, table, output):
    cli(*ARGUMENTS, "--json", table, "-o", out, "--resume")
    before = table.read_bytes()
    with hold(out / output):
        called = cli(*ARGUMENTS, "--json", table, "-o", out)
    assert called.code == 2
    assert f"Another run is writing {out / output}" in called.err
    assert table.read_bytes() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_keeps_what_is_done(out, tmp_path, cli, number):
    path = tmp_path / "soak.json"
    arguments = ["soak", "-t", "host", "--clips", "100", "--seconds", "0.1", "--json", str(path), "-o", str(out)]
    command = [sys.executable, "-m", "toolchain", *arguments]
    with subprocess.Popen(command, start_new_session=True, preexec_fn=takes_ctrl_c) as process:
        while process.poll() is None and not path.is_file():
            time.sleep(0.02)
        process.send_signal(number)
        assert process.wait(120) == 128 + number
    (row,) = SoakTable.read(path).boards
    assert 0 < row.done < 100
    assert row.done == len(row.batches)
    called = cli(*arguments, "--resume")
    assert called.code == 0, called.err
    assert f"host: going on after {row.done} clips, in session 2" in called.err
    assert SoakTable.read(path).boards[0].figures.sessions == 2


def test_a_board_that_did_not_pass_ends_with_9(cli, out, table, tmp_path):
    cli(*ARGUMENTS, "--json", table, "-o", out, "--resume")
    whole = SoakTable.read(table)
    row = whole.boards[0]
    path = tmp_path / "lost.json"
    whole.with_row(row.model_copy(update={"figures": row.figures.model_copy(update={"lost": 3})})).write(path)
    called = cli(*ARGUMENTS, "--json", path, "-o", out, "--resume")
    assert called.code == 9
    assert "1 of 2 boards did not pass the soak; host: 3 frames were lost" in called.err


def test_going_on_needs_a_file_that_is_one(cli, out, tmp_path):
    assert "--json FILE" in cli("soak", "-t", "host", "--resume").err
    path = tmp_path / "soak.json"
    path.write_text("{}x")
    called = cli(*ARGUMENTS, "--json", path, "-o", out, "--resume")
    assert called.code == 2
    assert "is not a table of 'toolchain soak'" in called.err


def test_a_board_that_cannot_be_emulated_is_refused_before_it_is_built(cli, out):
    called = cli("soak", "-t", "nrf52840", "-o", out)
    assert called.code == 5
    assert "nrf52840 has no emulator" in called.err
    assert not (out / "nrf52840").exists()


def _batches(count):
    """What a board's first session left, clip by clip."""
    from toolchain.soak.report import Batch
    from toolchain.soak.usage import Usage

    usage = Usage(resident_kib=1000, files=5, threads=1)
    return tuple(
        Batch(
            session=1, clips=1, equal=1, seconds=0.1, lost=0, damaged=0, repeated=0, restarts=0, ticks={0: 1},
            stack_used=0, host=usage, board=usage,
        )
        for _ in range(count)
    )  # fmt: skip
