"""The generated C against the reference, bit for bit, under the sanitizers."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.codegen.compiled import STRICT, CompiledEngine
from tests.extreme_signals import extreme_signals
from tests.random_student import random_student
from toolchain.codegen.engine import ENGINE_FILES, generate_engine
from toolchain.model_names import MODELS
from toolchain.reference.engine import run


@pytest.fixture(scope="module", params=MODELS)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CompiledEngine:
    return CompiledEngine(random_student(request.param), tmp_path_factory.mktemp("engine"))


def test_real_speech_in_chunks_of_any_size(engine: CompiledEngine, speech_clips: list[np.ndarray]) -> None:
    for pcm, chunk in zip(speech_clips, (1, 31, 32, 33, 64, 1000, 10**6), strict=False):
        assert (engine.run(pcm, chunk=chunk)[0] == run(engine.student, pcm).output).all()


def test_every_layers_rows(engine: CompiledEngine, speech_clips: list[np.ndarray]) -> None:
    trace = run(engine.student, speech_clips[0][:9_999])
    for layer in engine.student.layer_names:
        assert engine.run(speech_clips[0][:9_999], layer)[1] == trace.rows[layer].tobytes(), layer


def test_every_short_length(engine: CompiledEngine, speech_clips: list[np.ndarray]) -> None:
    shortest = engine.student.minimum_samples
    for samples in [*range(shortest, shortest + 66), 831, 832, 833, 3200]:
        pcm = speech_clips[1][8_000 : 8_000 + samples]
        assert (engine.run(pcm)[0] == run(engine.student, pcm).output).all(), samples


@pytest.mark.parametrize("times", [12, 13, 14, 25, 26, 27])
def test_row_counts_around_multiples_of_thirteen(times: int, tmp_path: Path) -> None:
    engine = CompiledEngine(random_student("wav2small-72k", seed=5), tmp_path)
    pcm = np.random.default_rng(times).integers(-5000, 5000, 64 * times - 40).astype(np.int16)
    trace = run(engine.student, pcm)
    assert len(trace.rows["rows"]) == times
    assert (engine.run(pcm)[0] == trace.output).all()


@pytest.mark.parametrize("name", extreme_signals())
def test_extreme_signals(engine: CompiledEngine, name: str) -> None:
    pcm = extreme_signals()[name]
    assert (engine.run(pcm)[0] == run(engine.student, pcm).output).all()


@pytest.mark.parametrize("model", MODELS)
def test_the_arithmetic_of_the_smallest_cores(model: str, tmp_path: Path, speech_clips: list[np.ndarray]) -> None:
    engine = CompiledEngine(random_student(model), tmp_path, "narrow")
    for pcm in [speech_clips[0], *extreme_signals().values()]:
        trace = run(engine.student, pcm)
        output, rows = engine.run(pcm, "logmel")
        assert rows == trace.rows["logmel"].tobytes()
        assert (output == trace.output).all()


@pytest.mark.parametrize("weight", [-127, 127])
def test_extreme_weights_and_zero_points(weight: int, tmp_path: Path) -> None:
    student = random_student("wav2small-17k")
    bias = np.full(13, (2**28 - 1) * np.sign(weight), np.int32)
    layers = tuple(
        replace(layer, weight=np.full_like(layer.weight, weight), bias=bias)
        for layer in student.backbone.layers
    )
    extreme = replace(student, backbone=replace(student.backbone, layers=layers))
    pcm = np.random.default_rng(1).integers(-32768, 32768, 4000).astype(np.int16)
    assert (CompiledEngine(extreme, tmp_path).run(pcm)[0] == run(extreme, pcm).output).all()


IMPOSSIBLE = 4


@pytest.mark.parametrize(
    ("sum_", "sum_squares", "status"),
    [
        (0, 0, 0),
        (1000 * 32767, 1000 * 32767**2, 0),
        (1000 * 32768 + 1, 2**50, IMPOSSIBLE),
        (-(2**63), 2**64 - 1, IMPOSSIBLE),
        (0, 2**64 - 1, IMPOSSIBLE),
        (1000 * 5, 1000 * 25 - 1, IMPOSSIBLE),  # the mean of the squares is below the square of the mean
    ],
)
def test_sums_that_no_samples_have_are_refused(
    engine: CompiledEngine, sum_: int, sum_squares: int, status: int
) -> None:
    command = [engine.program, "sums", str(sum_), str(sum_squares), "1000"]
    assert subprocess.run(command).returncode == status


def test_a_window_too_short_or_incomplete_is_refused(engine: CompiledEngine) -> None:
    short = np.zeros(engine.student.minimum_samples - 1, "<i2").tobytes()
    assert subprocess.run([engine.program], input=short).returncode == 1


@pytest.mark.parametrize("model", MODELS)
def test_the_text_is_the_same_each_time_and_names_its_origin(model: str) -> None:
    student = random_student(model)
    files = generate_engine(student)
    assert files == generate_engine(student)
    for text in files.values():
        assert student.digest().hex() in text
        assert not re.search(r"\b(float|double|malloc|free)\b *[(\w]", text)
        assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("model", MODELS)
def test_nothing_but_memory_functions_and_integer_division_is_linked(model: str, tmp_path: Path) -> None:
    compiler = shutil.which("arm-none-eabi-gcc")
    if compiler is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    undefined: set[str] = set()
    for name, text in generate_engine(random_student(model)).items():
        (tmp_path / name).write_text(text)
    for name in (name for name in ENGINE_FILES if name.endswith(".c")):
        flags = ["-mcpu=cortex-m4", "-mthumb", "-Os", "-c", *STRICT]
        subprocess.run([compiler, *flags, name, "-o", f"{name}.o"], cwd=tmp_path, check=True)
        listing = subprocess.run(
            ["arm-none-eabi-nm", "--undefined-only", f"{name}.o"], cwd=tmp_path, capture_output=True, text=True
        )
        undefined |= {line.split()[-1] for line in listing.stdout.splitlines()}
    outside = {symbol for symbol in undefined if not symbol.startswith("w2s_")}
    assert outside <= {"memcpy", "memmove", "memset", "__aeabi_ldivmod", "__aeabi_uldivmod"}
