"""``toolchain monitor``: what it shows is what the board said, and what was lost."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import zlib

import numpy as np
import pytest
import soundfile
from rich.console import Console

from tests.processes import takes_ctrl_c
from toolchain.audio import load_pcm16
from toolchain.cli import monitor_view
from toolchain.cli.students import open_student
from toolchain.link import LiveResult
from toolchain.reference.engine import run_stream


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The bundled 17k, built for this computer."""
    out = tmp_path_factory.mktemp("build")
    subprocess.run([sys.executable, "-m", "toolchain", "build", "--target", "host", "--out", out], check=True)
    return out


@pytest.fixture(scope="module")
def recording(tmp_path_factory, speech_clips):
    path = tmp_path_factory.mktemp("audio") / "speech.wav"
    soundfile.write(path, speech_clips[0][:16_000], 16_000, subtype="PCM_16")
    return path


def test_json_lines_are_the_references_values(cli, built, recording):
    where = ("--target", "host", "--out", built, "--feed", recording)
    called = cli("monitor", *where, "--every", 200, "--lossless", "--json")
    assert called.code == 0, called.err
    lines = [json.loads(line) for line in called.out.splitlines()]
    pcm = load_pcm16(recording)
    expected = list(run_stream(open_student(None, None).quantized, pcm, 3200))
    assert [line["index"] for line in lines] == list(range(5)) == list(range(len(expected)))
    for line, trace in zip(lines, expected, strict=True):
        values = [line[name] for name in ("arousal", "dominance", "valence")]
        assert values == pytest.approx(trace.values, abs=1e-5)
        window = pcm[3200 * line["index"] : 3200 * (line["index"] + 1)]
        assert int(line["pcm_crc32"], 16) == zlib.crc32(window.astype("<i2").tobytes())
        assert line["samples_dropped"] == line["results_lost"] == 0
    assert "stopped after 5 results; nothing was dropped" in called.err


def test_a_log_gets_a_line_for_each_result(cli, built, recording):
    called = cli("monitor", "--target", "host", "--out", built, "--feed", recording, "--every", 500, "--lossless")
    assert "fed from" in called.err
    lines = called.out.splitlines()
    assert len(lines) == 2
    assert re.fullmatch(r" +0\.5 s  arousal -?\d\.\d{3}  dominance -?\d\.\d{3}  valence -?\d\.\d{3}", lines[0])


def test_it_stops_after_the_seconds_that_were_asked_for(cli, built, corpus_dir):
    where = ("--target", "host", "--out", built, "--corpus", corpus_dir)
    called = cli("monitor", *where, "--every", 100, "--seconds", 0.7, "--lossless", "--json")
    assert len(called.out.splitlines()) == 7


def test_ctrl_c_is_how_to_stop(built, corpus_dir):
    command = [sys.executable, "-m", "toolchain", "monitor", "--target", "host", "--out", built, "--every", "100"]
    process = subprocess.Popen(
        [*command, "--corpus", corpus_dir, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=takes_ctrl_c,
    )
    assert json.loads(process.stdout.readline())["index"] == 0
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0
    assert "stopped after" in err
    assert "Traceback" not in err


def test_what_it_needs_is_named(cli, built, tmp_path):
    called = cli("monitor", "--target", "host", "--out", tmp_path)
    assert called.code == 2
    assert "there is no finished build" in called.err
    called = cli("monitor", "--target", "host", "--out", built, "--feed", tmp_path / "absent.wav")
    assert called.code == 2
    assert "absent.wav" in called.err
    assert cli("monitor", "--target", "host", "--out", built, "--every", 50).code == 2


def result(index, values, **others):
    facts = {"samples": 8000, "pcm_crc": 0, "dropped": 0, "ticks": 0, "lost_results": 0, **others}
    return LiveResult(index=index, values=(65536 * np.array(values)).astype(np.int32), **facts)


@pytest.fixture
def drawn(monkeypatch):
    """Draw charts of results in a terminal of a width; returns the lines."""

    def draw(results, width=60):
        console = Console(width=width, file=io.StringIO(), force_terminal=True, color_system=None)
        monkeypatch.setattr(monitor_view, "stdout", console)
        charts = monitor_view.Charts("a title", 8000)
        for one in results:
            charts.add(one)
        console.print(charts)
        return console.file.getvalue().splitlines()

    return draw


def test_the_newest_value_is_at_the_right_and_written_out(drawn):
    lines = drawn([result(0, [0.5, 0, 1]), result(1, [1.0, 0.25, 0.5])])
    assert "a title" in lines[0]
    charts = [line.rstrip(" \N{BOX DRAWINGS LIGHT VERTICAL}") for line in lines]
    assert charts[1].endswith("  \N{FULL BLOCK}")  # of the second result only
    assert "1.000" in charts[2]
    assert charts[3].endswith(" \N{FULL BLOCK}\N{FULL BLOCK}")
    assert "2 results, one every 500 ms  nothing dropped" in "".join(lines)
    assert {len(line) for line in lines} == {60}


def test_losses_are_shown(drawn):
    text = "".join(drawn([result(0, [0.5] * 3), result(3, [0.5] * 3, dropped=8000, lost_results=2)], width=90))
    assert "8,000 samples dropped (20.0 %)" in text
    assert "2 results lost" in text


@pytest.mark.parametrize("values", [[-3, 9, 0.5], [float(2**14), -(2.0**14), 0]])
def test_values_beyond_the_range_stay_in_the_chart(drawn, values):
    lines = drawn([result(index, values) for index in range(200)], width=40)
    assert {len(line) for line in lines} == {40}


def test_a_screen_waits_for_its_first_result(drawn):
    assert "waiting for the first result, 500 ms of audio" in "".join(drawn([], width=90))
