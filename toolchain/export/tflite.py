"""ONNX to float TFLite through onnx2tf, in a process and folder of its own, and the gate behind it."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from toolchain.errors import BuildError
from toolchain.export.gate import check_outputs, probe_signals
from toolchain.export.onnx import INPUT, OUTPUT, open_session, run, serialize, trace
from toolchain.extras import require
from toolchain.model_names import SAMPLE_RATE

if TYPE_CHECKING:
    from toolchain.model.students import Student

#: Largest difference of an output between float TFLite and ONNX Runtime.
TOLERANCE = 1e-4
#: Seconds; a conversion takes less than ten.
_TIMEOUT = 600
#: ``tf_converter`` needs the extra ``tensorflow``; it turns x @ x^T into x @ x, which the gate refuses.
Backend = Literal["flatbuffer_direct", "tf_converter"]


def export_tflite(
    model: "Student",
    onnx_model: bytes,
    *,
    clips: Sequence[NDArray[np.float32]] = (),
    samples: int = SAMPLE_RATE,
    backend: Backend = "flatbuffer_direct",
) -> bytes:
    """Convert the whole student, from the waveform, to float TFLite for windows of one length.

    Args:
        model: The student.
        onnx_model: Its float ONNX as ``export_onnx`` writes it: what the result is compared to.
        clips: Speech in -1..1 at 16 kHz that the gate listens to; a synthetic voice without any.
        samples: Length of the window.
        backend: The converter inside onnx2tf.

    Returns:
        A .tflite file with input ``signal`` (1, samples) and output ``logits`` (1, 3).

    Raises:
        MissingToolError: The extra ``convert``, or ``tensorflow`` for its backend, is not installed.
        BuildError: The conversion failed, or its outputs differ from ONNX Runtime's by more than 1e-4.
    """
    fixed = serialize(trace(model, (1, samples), INPUT, (OUTPUT,)))
    tflite = convert_onnx(fixed, backend)
    check_tflite(tflite, onnx_model, probe_signals(clips, [samples / SAMPLE_RATE]))
    return tflite


def check_tflite(tflite: bytes, onnx_model: bytes, signals: Sequence[NDArray[np.float32]]) -> float:
    """Return the largest difference between float TFLite and ONNX Runtime over ``signals``, each (samples,).

    Raises:
        MissingToolError: The extra ``convert`` is not installed.
        BuildError: It exceeds 1e-4, or the .tflite does not run.
    """
    session = open_session(onnx_model)
    expected = np.concatenate([run(session, signal) for signal in signals])
    actual = np.concatenate([run_tflite(tflite, signal[np.newaxis])[OUTPUT] for signal in signals])
    return check_outputs("float TFLite and ONNX Runtime", actual, expected, TOLERANCE)


def run_tflite(tflite: bytes, value: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Run a float .tflite of one input through LiteRT and return its outputs by name.

    Raises:
        MissingToolError: The extra ``convert`` is not installed.
        BuildError: LiteRT cannot load or run it.
    """
    litert = require("ai_edge_litert.interpreter", "convert")
    try:
        interpreter = litert.Interpreter(
            model_content=tflite,
            num_threads=1,
            # XNNPACK, the default, announces itself on stderr.
            experimental_op_resolver_type=litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        interpreter.allocate_tensors()
        (target,) = interpreter.get_input_details()
        interpreter.set_tensor(target["index"], value)
        interpreter.invoke()
    except (RuntimeError, ValueError) as error:
        raise BuildError(f"LiteRT cannot run the converted model: {error}") from error
    return {item["name"]: interpreter.get_tensor(item["index"]) for item in interpreter.get_output_details()}


def convert_onnx(onnx_model: bytes, backend: Backend = "flatbuffer_direct") -> bytes:
    """Convert an ONNX file with fixed shapes to float TFLite, images channels-last; nothing is checked.

    Raises:
        MissingToolError: The extra ``convert``, or ``tensorflow`` for its backend, is not installed.
        BuildError: onnx2tf failed.
    """
    require("onnx2tf", "convert")
    if backend == "tf_converter":
        require("tensorflow", "tensorflow")
    with TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "model.onnx"
        source.write_bytes(_prepare(onnx_model, folder))
        # It seeds, filters warnings, prints and writes scratch files, none of which belongs in this process.
        command = [sys.executable, "-m", "onnx2tf", "--input_onnx_file_path", str(source)]
        command += ["--output_folder_path", name, "--tflite_backend", backend]
        # Without onnxsim, which it would start, and without renaming tensors.
        command += ["--not_use_onnxsim", "--not_use_opname_auto_generate", "--non_verbose"]
        command += ["--copy_onnx_input_output_names_to_tflite"]
        _call(command, folder)
        result = folder / "model_float32.tflite"
        if not result.is_file():
            raise BuildError("onnx2tf ended without an error and wrote no model")
        return result.read_bytes()


def _call(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"onnx2tf did not end within {_TIMEOUT} s") from error
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise BuildError(f"onnx2tf failed: {lines[-1]}")


def _prepare(onnx_model: bytes, folder: Path) -> bytes:
    """Fold constants, give every tensor a shape, and avoid an optimisation of onnx2tf that is wrong here."""
    onnx = require("onnx", "convert")
    folded = folder / "folded.onnx"
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(folded)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(
        onnx_model,
        options,
        providers=["CPUExecutionProvider"],
        # It would undo what export_backbone does to the max pool.
        disabled_optimizers=["Pad_Fusion"],
    )
    proto = onnx.shape_inference.infer_shapes(onnx.load(folded), strict_mode=True)
    _put_constant_first(proto)
    return serialize(proto)


def _put_constant_first(proto: Any) -> None:
    """Swap the inputs of ``Max(x, constant)``.

    onnx2tf replaces it by a ReLU where the constant is below 1e-6, although the decibels' floor is 1e-10, and
    the logarithm of zero follows; only with the constant second.
    """
    constants = {tensor.name for tensor in proto.graph.initializer}
    for node in proto.graph.node:
        if node.op_type == "Max" and node.input[1] in constants:
            node.input[:] = list(reversed(node.input))
