"""The generated C normalises a stream as the reference does, bit for bit, under the sanitizers."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.codegen.compiled import CompiledEngine
from tests.random_student import random_student
from toolchain.model_names import MODELS
from toolchain.reference.engine import Trace, run, run_stream
from toolchain.reference.running import RunningEstimate


@pytest.fixture(scope="module", params=MODELS)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CompiledEngine:
    return CompiledEngine(random_student(request.param), tmp_path_factory.mktemp("engine"))


def traces(engine: CompiledEngine, pcm: np.ndarray, windows: Sequence[int]) -> list[Trace]:
    """What the reference makes of windows of any lengths that follow one another."""
    running, ends = RunningEstimate(), np.cumsum(windows)
    return [run(engine.student, pcm[end - length : end], running) for length, end in zip(windows, ends, strict=True)]


def assert_equal(engine: CompiledEngine, pcm: np.ndarray, windows: Sequence[int], chunk: int = 320) -> None:
    expected = [trace.output for trace in traces(engine, pcm, windows)]
    assert np.array_equal(engine.run_stream(pcm, windows, chunk=chunk)[0], expected)


@pytest.fixture(scope="module")
def speech(speech_clips: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(speech_clips[:4])


@pytest.mark.parametrize("chunk", [1, 31, 32, 33, 4000])
def test_windows_of_speech_in_a_row(engine: CompiledEngine, speech: np.ndarray, chunk: int) -> None:
    windows = [8000] * 5
    assert_equal(engine, speech, windows, chunk)
    expected = [trace.output for trace in run_stream(engine.student, speech[:40_000], 8000)]
    assert np.array_equal(engine.run_stream(speech, windows)[0], expected)


def test_windows_of_every_length_modulo_a_hop(engine: CompiledEngine, speech: np.ndarray) -> None:
    """What is left of a window after its last whole hop is inferred, and not heard by the estimate."""
    assert_equal(engine, speech[4000:], [*range(engine.student.minimum_samples, 131), 3201, 3199])


def test_every_layers_rows_of_every_window(engine: CompiledEngine, speech: np.ndarray) -> None:
    windows = [3200, 1999, 65]
    expected = traces(engine, speech[6000:], windows)
    for layer in engine.student.layer_names:
        rows = b"".join(trace.rows[layer].tobytes() for trace in expected)
        assert engine.run_stream(speech[6000:], windows, layer)[1] == rows, layer


def test_a_window_longer_than_any_horizon(engine: CompiledEngine, speech: np.ndarray) -> None:
    assert_equal(engine, np.tile(speech, 2), [90_000, 1600, 80_000])


def extreme_streams() -> dict[str, np.ndarray]:
    silence, top = np.zeros(4800, np.int16), np.full(4800, 32767, np.int16)
    bottom = np.full(4800, -32768, np.int16)
    square = np.where(np.arange(4800) // 16 % 2, 32767, -32768).astype(np.int16)
    noise = np.random.default_rng(0).integers(-32768, 32768, 4800).astype(np.int16)
    faint = np.random.default_rng(1).integers(-1, 2, 4800).astype(np.int16)
    return {
        "silence": silence,
        "top": top,
        "bottom": bottom,
        "an odd level": np.full(4800, -12345, np.int16),
        "a ripple on a large offset": (-32_000 + np.arange(4800) % 3 % 2).astype(np.int16),
        "full-scale square": square,
        "silence, then full scale": np.concatenate((silence, square, silence, noise)),
        "level steps": np.concatenate((top, bottom, silence, bottom, top)),
        "faint noise, then full scale": np.concatenate((faint, noise, faint, silence)),
    }


@pytest.mark.parametrize("name", extreme_streams())
def test_extreme_streams(engine: CompiledEngine, name: str) -> None:
    pcm = extreme_streams()[name]
    for window in (1600, 2000):
        assert_equal(engine, pcm, [window] * (len(pcm) // window))


def test_an_estimate_changes_nothing_of_a_window_normalised_by_itself(
    engine: CompiledEngine, speech: np.ndarray
) -> None:
    """The first frames know less than the window's sums, the last ones the same."""
    window = speech[8000:16_000]
    by_itself, running = run(engine.student, window), run(engine.student, window, RunningEstimate())
    assert np.array_equal(by_itself.rows["logmel"][-1], running.rows["logmel"][-1])
    assert not np.array_equal(by_itself.rows["logmel"], running.rows["logmel"])
