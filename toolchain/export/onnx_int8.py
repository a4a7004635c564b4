"""The whole student as int8 ONNX for ONNX Runtime; the file whose size the paper gives as 120 KB.

Only the 2-D convolutions compute on int8 activations (QDQ). The STFT must not: its outputs span more than
100 dB. Nor may the softmax, whose weights would round to zero. Large linear layers keep float activations too,
but their weights (in the 72k three quarters of the file) are stored as int8.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolchain.errors import UsageError
from toolchain.export.onnx import INPUT, serialize
from toolchain.extras import require

#: A linear layer of this many weights is worth storing as int8; those that project to three outputs have fewer.
_LARGE = 20_000


def quantize_onnx(onnx_model: bytes, clips: Sequence[NDArray[np.float32]]) -> bytes:
    """Quantise a float student statically: int8 per channel for weights, per tensor for activations.

    Args:
        onnx_model: Float ONNX as ``export_onnx`` writes it.
        clips: Calibration speech in -1..1 at 16 kHz; activation ranges are their minimum and maximum.

    Returns:
        An ONNX file with the same input and output.

    Raises:
        MissingToolError: The extra ``convert`` is not installed.
        UsageError: There are no clips.
    """
    onnx = require("onnx", "convert")
    quantization = require("onnxruntime.quantization", "convert")
    if not clips:
        raise UsageError("calibration needs at least one clip")
    proto = onnx.load_from_string(onnx_model)
    _unshare_initializers(proto)
    with TemporaryDirectory() as folder:
        prepared, quantized = Path(folder, "prepared.onnx"), Path(folder, "quantized.onnx")
        quantization.quant_pre_process(proto, prepared, skip_optimization=True, skip_symbolic_shape=True)
        quantization.quantize_static(
            prepared,
            quantized,
            _reader(quantization.CalibrationDataReader, clips),
            quant_format=quantization.QuantFormat.QDQ,
            # With the ReLUs, each is absorbed by its convolution instead of being quantised twice.
            op_types_to_quantize=["Conv", "Relu", "MaxPool"],
            nodes_to_quantize=_convolutional_nodes(proto),
            per_channel=True,
            activation_type=quantization.QuantType.QInt8,
            weight_type=quantization.QuantType.QInt8,
            calibrate_method=quantization.CalibrationMethod.MinMax,
        )
        result = onnx.load(quantized)
    _store_dense_weights_as_int8(result)
    return serialize(result)


def _reader(base: Any, clips: Sequence[NDArray[np.float32]]) -> Any:
    feeds: Iterator[dict[str, NDArray[np.float32]]] = ({INPUT: clip[np.newaxis]} for clip in clips)
    return type("Clips", (base,), {"get_next": lambda self: next(feeds, None)})()


def _convolutional_nodes(proto: Any) -> list[str]:
    """Names of the 2-D convolutions, their ReLUs and the pool; the STFT's convolutions are 1-D."""
    rank = {tensor.name: len(tensor.dims) for tensor in proto.graph.initializer}
    return [
        node.name
        for node in proto.graph.node
        if node.op_type in ("Relu", "MaxPool") or (node.op_type == "Conv" and rank[node.input[1]] == 4)
    ]


def _unshare_initializers(proto: Any) -> None:
    """Give each tensor of its own to layers that share one through an Identity, as the exporter does with equal biases.

    ONNX Runtime quantises the bias of a convolution only where it is an initializer.
    """
    shared = {tensor.name: tensor for tensor in proto.graph.initializer}
    copies = [node for node in proto.graph.node if node.op_type == "Identity" and node.input[0] in shared]
    for node in copies:
        proto.graph.node.remove(node)
        proto.graph.initializer.add().CopyFrom(shared[node.input[0]])
        proto.graph.initializer[-1].name = node.output[0]


def _store_dense_weights_as_int8(proto: Any) -> None:
    """Replace the weights of large linear layers by int8 and one DequantizeLinear with a scale per output."""
    onnx = require("onnx", "convert")
    to_array, to_tensor = onnx.numpy_helper.to_array, onnx.numpy_helper.from_array
    output_axes = _linear_weights(proto)
    for tensor in [t for t in proto.graph.initializer if t.name in output_axes and np.prod(t.dims) >= _LARGE]:
        name, weight, axis = tensor.name, to_array(tensor), output_axes[tensor.name]
        largest = np.abs(weight).max(axis=1 - axis, keepdims=True)
        scale = np.maximum(largest / 127, np.finfo(np.float32).tiny).astype(np.float32)
        initializers = {
            f"{name}_int8": np.rint(weight / scale).astype(np.int8),
            f"{name}_scale": scale.ravel(),
            f"{name}_zero_point": np.zeros(weight.shape[axis], dtype=np.int8),
        }
        proto.graph.initializer.remove(tensor)
        proto.graph.initializer.extend(to_tensor(array, key) for key, array in initializers.items())
        inputs = list(initializers)
        node = onnx.helper.make_node("DequantizeLinear", inputs, [name], f"{name}_dequantize", axis=axis)
        proto.graph.node.insert(0, node)


def _linear_weights(proto: Any) -> dict[str, int]:
    """The axis of the outputs of every second input of a MatMul or Gemm, by name."""
    axes = {}
    for node in proto.graph.node:
        if node.op_type in ("MatMul", "Gemm"):
            transposed = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
            axes[node.input[1]] = 0 if transposed else 1
    return axes
