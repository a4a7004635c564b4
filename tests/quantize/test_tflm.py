import numpy as np
import pytest

from tests.tflite_edits import edited, reverse_outputs
from toolchain.quantize.tflite import read_backbone
from toolchain.quantize.tflm import minimum_arena_bytes, run_tflm
from toolchain.reference.backbone import run_backbone

pytest.importorskip("tflite_micro", reason="needs the optional extra 'tflm'")


def _image(frames: int) -> np.ndarray:
    return np.random.default_rng(frames).integers(-128, 128, (frames, 26)).astype(np.int8)


@pytest.mark.parametrize("frames", [1, 2, 77, 500])
def test_equals_the_reference_at_any_length(tflite: bytes, frames: int):
    outputs = run_tflm(tflite, _image(frames))
    rows = run_backbone(_image(frames), read_backbone(tflite))
    for name, actual in outputs.items():
        np.testing.assert_array_equal(actual, rows[name])


def test_outputs_have_their_own_names(gated_tflite: bytes):
    image = _image(20)
    ours, reversed_file = run_tflm(gated_tflite, image), run_tflm(edited(gated_tflite, reverse_outputs), image)
    assert not np.array_equal(ours["lin"], ours["sof"])
    for name in ("lin", "sof"):
        np.testing.assert_array_equal(ours[name], reversed_file[name])


def test_minimum_arena_is_that_of_two_activations(gated_tflite: bytes):
    # 1 s: input and output of conv2 at once, and some records.
    arena = minimum_arena_bytes(gated_tflite, 499)
    assert 2 * 499 * 26 * 13 < arena < 2 * 499 * 26 * 13 + 20_000
