"""The int8 .tflite of a student's convolutions: from the log-mel image to ``lin`` and ``sof``, or ``rows``.

What comes before (STFT, dB) and after (softmax over time, Gram matrix, linear layer) does not survive 8 bits
and is not in it.
"""

import contextlib
import os
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from toolchain.errors import BuildError, UsageError
from toolchain.export.gate import check_outputs
from toolchain.export.onnx import IMAGE, export_backbone
from toolchain.export.tflite import TOLERANCE, convert_onnx, run_tflite
from toolchain.extras import require
from toolchain.model_names import SAMPLE_RATE
from toolchain.quantize.student import Backbone
from toolchain.quantize.tflite import read_backbone

if TYPE_CHECKING:
    from toolchain.model.students import Student

#: Biases stay below it, so that no accumulator of the engine overflows.
MAX_BIAS = 2**30
#: onnx2tf's only signature.
_SIGNATURE = "serving_default"


def quantize_backbone(
    model: "Student", calibration: Sequence[NDArray[np.float32]], *, samples: int = SAMPLE_RATE
) -> bytes:
    """Quantise the backbone: int8 weights per channel, int8 activations per tensor, int8 input and outputs.

    Activation ranges are the minimum and maximum over the calibration speech. That of the input always
    reaches down to -100 dB, where mel band 0 lies in every frame.

    Args:
        model: The student.
        calibration: Speech in -1..1 at 16 kHz; each clip is cut into windows, each normalised by itself.
        samples: Length of a window, which also fixes the number of frames in the file.

    Returns:
        A .tflite file with input ``logmel`` int8 (1, T, 26, 1) and outputs ``lin`` and ``sof`` (17k) or
        ``rows`` (72k), int8 (1, T2, 13, 13): time, mel, channel. The same bytes for the same arguments.

    Raises:
        MissingToolError: The extra ``convert`` is not installed.
        UsageError: There is no calibration clip, or one is empty.
        BuildError: The conversion to float TFLite failed or changed the outputs, or a channel is dead.
    """
    images = calibration_images(model, calibration, samples)
    float_tflite = convert_onnx(export_backbone(model, images[0].shape[1]))
    _check_float(float_tflite, model, images[0])
    tflite = _quantize(float_tflite, images)
    _check_biases(read_backbone(tflite))
    return tflite


def calibration_images(
    model: "Student", clips: Sequence[NDArray[np.float32]], samples: int
) -> list[NDArray[np.float32]]:
    """Return the log-mel image in dB of every window, each (1, T, 26, 1) as TFLite lays it out.

    Raises:
        UsageError: There are no clips, or one is empty.
    """
    torch = require("torch", "convert")
    if not clips or not all(len(clip) for clip in clips):
        raise UsageError("calibration needs at least one clip, and none may be empty")
    with torch.inference_mode():
        windows = (torch.from_numpy(window) for clip in clips for window in _windows(clip, samples))
        images = [model.logmel(window[None]).numpy() for window in windows]
    return [image.transpose(0, 2, 3, 1).copy() for image in images]


def _windows(clip: NDArray[np.float32], samples: int) -> Iterator[NDArray[np.float32]]:
    """Yield windows that cover the clip: the last one ends with it, a short clip is repeated."""
    if len(clip) < samples:
        yield np.resize(clip, samples)
        return
    last = len(clip) - samples
    for start in sorted({*range(0, last, samples), last}):
        yield np.ascontiguousarray(clip[start : start + samples])


def _check_float(float_tflite: bytes, model: "Student", image: NDArray[np.float32]) -> None:
    torch = require("torch", "convert")
    outputs = run_tflite(float_tflite, image)
    with torch.inference_mode():
        expected = model.backbone(torch.from_numpy(image.transpose(0, 3, 1, 2).copy()))
    for actual, tensor in zip(outputs.values(), expected, strict=True):
        reference = tensor.numpy().transpose(0, 2, 3, 1)
        tolerance = TOLERANCE * max(1.0, float(np.abs(reference).max()))
        check_outputs("the backbone in float TFLite and torch", actual, reference, tolerance)


def _quantize(float_tflite: bytes, images: Sequence[NDArray[np.float32]]) -> bytes:
    quantizer = require("litert_quantizer.quantizer", "convert")
    recipe = require("litert_quantizer.recipe", "convert").static_wi8_ai8()
    recipes = require("litert_quantizer.recipe_manager", "convert").RecipeManager()
    recipes.load_quantization_recipe(recipe)
    calibrator = require("litert_quantizer.calibrator", "convert")
    # The default is a moving average, which clips.
    update = require("litert_quantizer.utils.qsv_utils", "convert").min_max_update
    with _silence():
        ranges = calibrator.Calibrator(float_tflite, num_threads=1, qsv_update_func=update)
        ranges.calibrate({_SIGNATURE: [{IMAGE: image} for image in images]}, recipes)
        result = quantizer.Quantizer(float_tflite, recipe).quantize(
            ranges.get_model_qsvs(), enable_progress_report=False
        )
    return bytes(result.quantized_model)


def _check_biases(backbone: Backbone) -> None:
    """Refuse channels without weights: their scale is so small that the quantiser saturates the bias."""
    for layer in backbone.layers:
        dead = np.flatnonzero(np.abs(layer.bias.astype(np.int64)) >= MAX_BIAS)
        if dead.size:
            raise BuildError(
                f"the weights of channel {dead[0]} of {layer.name} are too small beside its bias to be quantised",
                "the channel is dead; train the student further or from another seed",
            )


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Silence LiteRT, which writes to the process's stderr from C++, and the quantiser's bar and warnings."""
    saved = os.dup(2)
    try:
        with open(os.devnull, "w") as null, contextlib.redirect_stderr(null), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            os.dup2(null.fileno(), 2)
            yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
