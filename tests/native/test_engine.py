"""The engine in this process against the reference, bit for bit."""

import numpy as np
import pytest

from toolchain.errors import UsageError
from toolchain.native import NativeEngine
from toolchain.reference.engine import Trace, run, run_stream


def assert_equal(native: Trace, reference: Trace) -> None:
    np.testing.assert_array_equal(native.output, reference.output)
    assert native.rows.keys() == reference.rows.keys()
    for layer, rows in reference.rows.items():
        assert native.rows[layer].dtype == rows.dtype
        np.testing.assert_array_equal(native.rows[layer], rows, layer)


def extremes() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "silence": np.zeros(4000, np.int16),
        "top": np.full(4000, 32767, np.int16),
        "bottom": np.full(4000, -32768, np.int16),
        "noise": rng.integers(-32768, 32768, 8001).astype(np.int16),
        "square": (32767 * np.sign(np.sin(np.arange(8000) * 0.37))).astype(np.int16),
    }


def test_every_layer_of_real_speech(engine: NativeEngine, speech_clips: list[np.ndarray]) -> None:
    for pcm in speech_clips[:3]:
        assert_equal(engine.trace(pcm), run(engine.student, pcm))


@pytest.mark.parametrize("name", extremes())
def test_every_layer_of_extreme_signals(engine: NativeEngine, name: str) -> None:
    pcm = extremes()[name]
    assert_equal(engine.trace(pcm), run(engine.student, pcm))


def test_every_short_length(engine: NativeEngine, speech_clips: list[np.ndarray]) -> None:
    shortest = engine.student.minimum_samples
    for samples in [*range(shortest, shortest + 66, 5), 200, 831, 832]:
        pcm = speech_clips[1][8_000 : 8_000 + samples]
        assert_equal(engine.trace(pcm), run(engine.student, pcm))


def test_many_at_once(engine: NativeEngine, speech_clips: list[np.ndarray]) -> None:
    clips = [pcm[: 4_000 + 500 * index] for index, pcm in enumerate(speech_clips)]
    outputs = [run(engine.student, pcm).output for pcm in clips]
    for threads in (None, 1, 7):
        np.testing.assert_array_equal(engine.run_many(clips, threads), outputs)
    assert engine.run_many([]).shape == (0, 3)


def test_a_stream_by_one_running_estimate(engine: NativeEngine, speech_clips: list[np.ndarray]) -> None:
    stream = np.concatenate(speech_clips[:8])
    for window in (engine.student.minimum_samples + 5, 16_000):
        part = stream[: 6 * window + 1]
        expected = [trace.output for trace in run_stream(engine.student, part, window)]
        assert len(expected) == 6
        np.testing.assert_array_equal(engine.run_stream(part, window), expected)
    assert engine.run_stream(stream[:100], 16_000).shape == (0, 3)


def test_samples_of_every_kind_of_array(engine: NativeEngine, speech_clips: list[np.ndarray]) -> None:
    pcm = speech_clips[0]
    expected = engine.run(pcm)
    np.testing.assert_array_equal(engine.run(np.repeat(pcm, 2)[::2]), expected)
    np.testing.assert_array_equal(engine.run(pcm.astype(">i2")), expected)


def test_a_window_too_short_is_refused(engine: NativeEngine) -> None:
    with pytest.raises(UsageError, match="a window of 31 samples cannot be used"):
        engine.run(np.zeros(31, np.int16))
