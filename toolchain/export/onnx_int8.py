"""The whole student as int8 ONNX for ONNX Runtime; the file whose size the paper gives as 120 KB.

Only the 2-D convolutions compute on int8 activations (QDQ). The STFT must not: its outputs span more than
100 dB. Nor may the softmax, whose weights would round to zero. The two 169 x 169 layers of the 72k keep float
activations too, but their weights, three quarters of the file, are stored as int8.
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
from toolchain.quantize.student import FEATURES


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


def _store_dense_weights_as_int8(proto: Any) -> None:
    """Replace each 169 x 169 weight by int8 and one DequantizeLinear with a scale per column."""
    onnx = require("onnx", "convert")
    to_array, to_tensor = onnx.numpy_helper.to_array, onnx.numpy_helper.from_array
    dense = [t for t in proto.graph.initializer if list(t.dims) == [FEATURES, FEATURES]]
    for tensor in dense:
        weight = to_array(tensor)
        scale = np.maximum(np.abs(weight).max(axis=0) / 127, np.finfo(np.float32).tiny).astype(np.float32)
        name = tensor.name
        initializers = {
            f"{name}_int8": np.rint(weight / scale).astype(np.int8),
            f"{name}_scale": scale,
            f"{name}_zero_point": np.zeros(FEATURES, dtype=np.int8),
        }
        proto.graph.initializer.remove(tensor)
        proto.graph.initializer.extend(to_tensor(array, key) for key, array in initializers.items())
        inputs = list(initializers)
        node = onnx.helper.make_node("DequantizeLinear", inputs, [name], f"{name}_dequantize", axis=1)
        proto.graph.node.insert(0, node)
