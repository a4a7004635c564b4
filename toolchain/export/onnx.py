"""torch to ONNX: the whole student from the waveform, and its convolutional backbone alone."""

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from toolchain import __version__
from toolchain.errors import BuildError
from toolchain.export.gate import check_outputs, probe_signals
from toolchain.extras import require
from toolchain.model_names import DIMENSIONS, MODELS, SAMPLE_RATE

if TYPE_CHECKING:
    from toolchain.model.network import Network
    from toolchain.model.students import Student

#: The newest that every tool after this one reads.
OPSET = 17
#: Largest difference of an output between ONNX Runtime and torch.
TOLERANCE = 1e-5
#: The same for students that reach no board: fifty layers round where nine do.
DEEP_TOLERANCE = 1e-3
INPUT, OUTPUT = "signal", "logits"
#: The backbone's log-mel image.
IMAGE = "logmel"
MEL_BANDS = 26
#: Axes of a mean over the window's samples, as only the normaliser takes one.
_SAMPLES_AXIS = [1]


def export_onnx(
    model: "Network", *, checkpoint_sha256: str, clips: Sequence[NDArray[np.float32]] = ()
) -> bytes:
    """Export the whole student: normaliser, STFT, mel, dB, trunk and head, all in float32.

    Args:
        model: The student.
        checkpoint_sha256: Hex digest of its checkpoint file, kept in the file's metadata.
        clips: Speech in -1..1 at 16 kHz that the gate listens to; a synthetic voice without any.

    Returns:
        An ONNX file with input ``signal`` (1, samples) of any length and output ``logits`` (1, 3): arousal,
        dominance, valence. The same bytes for the same student.

    Raises:
        MissingToolError: The extra ``convert`` is not installed.
        BuildError: ONNX Runtime and torch differ by more on an output than :func:`check_onnx` allows.
    """
    proto = trace(model, (1, SAMPLE_RATE), INPUT, (OUTPUT,), dynamic_axes={INPUT: {1: "samples"}})
    _average_in_double(proto)
    properties = {
        "model": model.name,
        "checkpoint_sha256": checkpoint_sha256,
        "sample_rate": str(SAMPLE_RATE),
        "outputs": ",".join(DIMENSIONS),
        "exporter": f"{proto.producer_name} {proto.producer_version}",
    }
    require("onnx.helper", "convert").set_model_props(proto, properties)
    proto.producer_name, proto.producer_version = "wav2small-toolchain", __version__
    onnx_model = serialize(proto)
    check_onnx(onnx_model, model, probe_signals(clips))
    return onnx_model


def check_onnx(onnx_model: bytes, model: "Network", signals: Sequence[NDArray[np.float32]]) -> float:
    """Return the largest difference between ONNX Runtime and torch over ``signals``, each (samples,).

    Raises:
        BuildError: It exceeds 1e-5 or, of a student that reaches no board, 1e-3 of its largest output.
    """
    torch = require("torch", "convert")
    session = open_session(onnx_model)
    actual = np.concatenate([run(session, signal) for signal in signals])
    with torch.inference_mode():
        expected = np.concatenate([model(torch.from_numpy(signal[np.newaxis])).numpy() for signal in signals])
    tolerance = TOLERANCE if model.name in MODELS else DEEP_TOLERANCE * max(1.0, float(np.abs(expected).max()))
    return check_outputs("ONNX Runtime and torch", actual, expected, tolerance)


def open_session(onnx_model: bytes | Path) -> onnxruntime.InferenceSession:
    """Return an ONNX Runtime session for an ONNX file or its content, on one thread of the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(onnx_model, options, providers=["CPUExecutionProvider"])


def run(session: onnxruntime.InferenceSession, signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the outputs (1, 3) for one window (samples,) in -1..1 at 16 kHz."""
    return np.asarray(session.run([OUTPUT], {INPUT: signal[np.newaxis]})[0])


def export_backbone(model: "Student", frames: int) -> bytes:
    """Export the convolutions alone, which is what becomes int8.

    The padded max pool is written as Pad(0) and an unpadded MaxPool: the same after a ReLU, and what a
    converter turns into PAD with the zero point instead of PADV2 with minus infinity.

    Returns:
        An ONNX file with input ``logmel`` (1, 1, frames, 26) in dB and outputs ``lin`` and ``sof`` (17k) or
        ``rows`` (72k), each (1, 13, (frames + 1) // 2, 13).

    Raises:
        MissingToolError: The extra ``convert`` is not installed.
    """
    modules = require("toolchain.export.modules", "convert")
    # A new module is in training mode, and the exporter would leave the student in it.
    backbone = modules.Backbone(model).eval()
    proto = trace(backbone, (1, 1, frames, MEL_BANDS), IMAGE, backbone_outputs(model.name))
    _pad_before_pool(proto)
    return serialize(proto)


def backbone_outputs(model_name: str) -> tuple[str, ...]:
    """Return the names of the backbone's outputs."""
    return ("lin", "sof") if model_name == "wav2small-17k" else ("rows",)


def trace(
    module: Any,
    shape: tuple[int, ...],
    input_name: str,
    output_names: tuple[str, ...],
    dynamic_axes: dict[str, dict[int, str]] | None = None,
) -> Any:
    """Return the ModelProto of a torch module by torch's TorchScript exporter, batch norms folded.

    Args:
        module: A torch module with one input.
        shape: Shape of that input.
        input_name: Its name in the graph.
        output_names: Names of the outputs.
        dynamic_axes: Axes of any length, by input and axis; the others are fixed.
    """
    torch, onnx = require("torch", "convert"), require("onnx", "convert")
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # torch calls the exporter that needs no onnxscript legacy, and tells what it cannot fold.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (torch.zeros(shape),),
            buffer,
            input_names=[input_name],
            output_names=list(output_names),
            dynamic_axes=dynamic_axes,
            opset_version=OPSET,
            dynamo=False,
        )
    return onnx.load_from_string(buffer.getvalue())


def serialize(proto: Any) -> bytes:
    """Return a valid ModelProto as bytes, the same for the same content.

    Raises:
        BuildError: The graph is not valid ONNX.
    """
    onnx = require("onnx", "convert")
    try:
        onnx.checker.check_model(proto)
    except onnx.checker.ValidationError as error:
        raise BuildError(f"the exported graph is not valid ONNX: {error}") from error
    return bytes(proto.SerializeToString(deterministic=True))


def _attribute(node: Any, name: str) -> Any:
    return next(attribute for attribute in node.attribute if attribute.name == name)


def _average_in_double(proto: Any) -> None:
    """Let the normaliser's two means be taken in float64, as torch's cascaded float32 sums nearly are.

    ONNX Runtime adds one sample after the other: at 5 s the power of the window is off by 2e-5, at minutes by
    more, and every level of the image with it.
    """
    onnx = require("onnx", "convert")
    make_node, types = onnx.helper.make_node, onnx.TensorProto
    nodes: list[Any] = []
    for node in proto.graph.node:
        if node.op_type != "ReduceMean" or list(_attribute(node, "axes").ints) != _SAMPLES_AXIS:
            nodes.append(node)
            continue
        source, mean = node.input[0], node.output[0]
        node.input[0], node.output[0] = f"{mean}_wide_input", f"{mean}_wide"
        nodes.append(make_node("Cast", [source], [node.input[0]], name=f"{node.name}_widen", to=types.DOUBLE))
        nodes.append(node)
        nodes.append(make_node("Cast", [node.output[0]], [mean], name=f"{node.name}_narrow", to=types.FLOAT))
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)


def _pad_before_pool(proto: Any) -> None:
    onnx = require("onnx", "convert")
    nodes = proto.graph.node
    index, pool = next((i, node) for i, node in enumerate(nodes) if node.op_type == "MaxPool")
    pads = _attribute(pool, "pads")
    top, left, bottom, right = pads.ints
    amounts = np.array([0, 0, top, left, 0, 0, bottom, right], dtype=np.int64)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(amounts, "pool_pads"))
    pad = onnx.helper.make_node("Pad", [pool.input[0], "pool_pads"], ["pool_padded"], name="pool_pad")
    pool.input[0] = "pool_padded"
    pads.ints[:] = [0, 0, 0, 0]
    nodes.insert(index, pad)
