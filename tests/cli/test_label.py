"""``toolchain label`` as a user runs it, with a small teacher in an ONNX file."""

import csv
import json
import random
import signal
import subprocess
import sys
import time

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.labels.clips import write
from toolchain.labels.table import read_labels, read_table

CLIPS = 300


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """Random filters, a rectifier and a mean: deterministic, and slow enough to be killed in the middle."""
    rng = np.random.default_rng(0)
    filters = rng.standard_normal((24, 1, 64), dtype=np.float32) / 64
    mix = rng.standard_normal((24, 3), dtype=np.float32)
    nodes = [
        helper.make_node("Unsqueeze", ["signal", "axis"], ["wave"]),
        helper.make_node("Conv", ["wave", "filters"], ["bands"], strides=[2]),
        helper.make_node("Relu", ["bands"], ["rectified"]),
        helper.make_node("ReduceMean", ["rectified"], ["mean"], axes=[2], keepdims=0),
        helper.make_node("MatMul", ["mean", "mix"], ["answer"]),
    ]
    constants = {"axis": np.int64([1]), "filters": filters, "mix": mix}
    graph = helper.make_graph(
        nodes,
        "teacher",
        [helper.make_tensor_value_info("signal", TensorProto.FLOAT, ["batch", "samples"])],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, ["batch", 3])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    path = tmp_path_factory.mktemp("teacher") / "teacher.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return f"onnx:{path}"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Hundreds of recordings of 0.1 to 4 s; every tenth repeats an earlier one, and one is corrupt."""
    folder = tmp_path_factory.mktemp("corpus")
    lengths = np.random.default_rng(1).integers(1600, 64_000, CLIPS)
    for index in range(CLIPS):
        source = index - 7 if index % 10 == 9 else index
        write(folder / f"{index:03}.wav", int(lengths[source]), seed=source)
    (folder / "123.wav").write_bytes((folder / "123.wav").read_bytes()[:30])
    return folder


def arguments(corpus, teacher, out):
    return ("label", corpus, "--teacher", teacher, "--out", out, "--window", 1, "--hop", 0.5, "--batch", 8)


def test_a_corrupt_clip_among_hundreds_is_reported_at_the_end(cli, corpus, teacher, tmp_path):
    out = tmp_path / "labels.parquet"
    called = cli(*arguments(corpus, teacher, out))
    assert called.code == 8
    assert f"299 of 300 recordings labelled by onnx {read_table(out)['teacher'][0].as_py()[:12]}" in called.out
    assert "seconds of audio per second" in called.out
    reported = called.err.splitlines()
    assert reported[0] == "labelling 300 recordings (folder)"
    assert reported[1].startswith("  no label: 123.wav: cannot read audio file: ")
    assert reported[2] == f"error: 1 of 300 recordings could not be labelled; all others are in {out}"
    assert f"{out}.left-out.csv" in reported[3]
    with (tmp_path / "labels.parquet.left-out.csv").open() as file:
        assert [(row["recording"], row["outcome"]) for row in csv.DictReader(file)] == [("123.wav", "failed")]
    # 30 repeat another, none of them the corrupt one.
    assert len(read_labels(out)) == 299 - 30

    again = cli(*arguments(corpus, teacher, out), "--json")
    facts = json.loads(again.out)
    assert again.code == 8
    assert facts["added"] == facts["heard_seconds"] == 0 and facts["windows"] == len(read_table(out))
    assert [left["recording"] for left in facts["failed"]] == ["123.wav"]


def test_more_than_ten_failures_are_counted(cli, teacher, tmp_path):
    write(tmp_path / "corpus" / "good.wav", 2000, seed=0)
    for index in range(13):
        (tmp_path / "corpus" / f"{index}.wav").write_bytes(b"RIFF")
    called = cli("label", tmp_path / "corpus", "--teacher", teacher, "--out", tmp_path / "a.parquet")
    assert called.code == 8
    assert called.err.count("no label:") == 10
    assert "and 3 more" in called.err
    assert "13 of 14 recordings" in called.err


def test_a_clean_corpus_ends_with_0(cli, teacher, tmp_path):
    write(tmp_path / "corpus" / "good.wav", 2000, seed=0)
    write(tmp_path / "corpus" / "short.wav", 300, seed=1)
    called = cli("label", tmp_path / "corpus", "--teacher", teacher, "--out", tmp_path / "a.parquet")
    assert called.code == 0
    assert "short.wav: too short for the teacher" in called.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--window", "4000"), "A window of 4000 s cannot be used"),
        (("--window", "0.01"), "cannot hear windows of 0.01 s"),
        (("--teacher", "oracle"), "'oracle' names no teacher"),
    ],
)
def test_wrong_options_are_sentences(cli, corpus, teacher, tmp_path, options, message):
    given = () if "--teacher" in options else ("--teacher", teacher)
    called = cli("label", corpus, "--out", tmp_path / "a.parquet", *given, *options)
    assert called.code == 2 and message in called.err and "Traceback" not in called.err
    assert not (tmp_path / "a.parquet").exists()


def start(corpus, teacher, out):
    command = [sys.executable, "-m", "toolchain", *map(str, arguments(corpus, teacher, out))]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stderr is not None and process.stderr.readline().startswith("labelling")
    return process


def finished_parts(out):
    return len(list(out.parent.glob(f"{out.name}.parts/*/*.parquet")))


def kill_at_random(process, out, rng):
    """Kill within some time of the start, or of a part that was finished since; True if it did not end before."""
    wanted = finished_parts(out) + rng.randrange(3)
    while process.poll() is None and finished_parts(out) < wanted:
        time.sleep(0.002)
    time.sleep(rng.uniform(0, 0.2))
    process.kill()
    return process.wait() == -signal.SIGKILL


def test_killed_ten_times_at_random_it_ends_with_the_same_file(corpus, teacher, tmp_path):
    clean, out = tmp_path / "clean" / "labels.parquet", tmp_path / "killed" / "labels.parquet"
    with start(corpus, teacher, clean) as process:
        assert process.wait() == 8
    rng, left = random.Random(4), []
    while len(left) < 10:
        with start(corpus, teacher, out) as process:
            if kill_at_random(process, out, rng):
                left.append(finished_parts(out))
    with start(corpus, teacher, out) as process:
        assert process.wait() == 8
    assert any(left), "every kill came before the first part was finished"
    written, expected = (
        {path.name: path.read_bytes() for path in folder.iterdir()} for folder in (out.parent, clean.parent)
    )
    assert written == expected
