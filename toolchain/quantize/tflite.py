"""The int8 .tflite backbone as `Backbone`: its own tensors, and the multipliers TFLite derives from its scales."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolchain.errors import UsageError
from toolchain.extras import require
from toolchain.quantize.student import (
    CHANNELS,
    MEL_BANDS,
    POOL_AFTER,
    POOLED_BANDS,
    TRUNK,
    Backbone,
    ConvLayer,
    Quantization,
)
from toolchain.quantize.tflite_graph import Graph, Operator, Tensor, read_graph, reject

#: Longest image ``with_frames`` makes: 33 min of audio.
MAX_FRAMES = 1_000_000
#: Names of the backbone's outputs by their number, in the order of `Backbone.outputs`.
_OUTPUTS = {1: ("rows",), 2: ("lin", "sof")}
# Enumerations of the schema (tensorflow/lite/schema/schema.fbs).
_SAME, _VALID = 0, 1
_NONE, _RELU = 0, 1
_PADDING = ((0, 0), (1, 1), (1, 1), (0, 0))


def read_backbone(tflite: bytes) -> Backbone:
    """Read the seven convolutions of the trunk and the one or two after them.

    Args:
        tflite: Content of an int8 .tflite file for any number of frames.

    Raises:
        UsageError: It is damaged or foreign: other operators, types, shapes or scales than a backbone has.
        MissingToolError: The extra ``convert`` is not installed.
    """
    return _Walk(read_graph(tflite)).backbone()


def output_order(tflite: bytes) -> tuple[str, ...]:
    """Return the names of a backbone's outputs in the order in which a runtime numbers them.

    Raises:
        UsageError: ``tflite`` is not a backbone.
        MissingToolError: The extra ``convert`` is not installed.
    """
    walk = _Walk(read_graph(tflite))
    walk.backbone()
    return walk.output_order()


def with_frames(tflite: bytes, frames: int) -> bytes:
    """Return the same model for images of another length, by rewriting the shapes of its activations.

    Args:
        tflite: Content of an int8 .tflite backbone.
        frames: Rows T of the log-mel image, 1 to ``MAX_FRAMES``.

    Raises:
        UsageError: ``tflite`` is not a backbone, or ``frames`` is out of range.
        MissingToolError: The extra ``convert`` is not installed.
    """
    if not 1 <= frames <= MAX_FRAMES:
        raise UsageError(f"{frames} frames cannot be used", f"choose 1 to {MAX_FRAMES}")
    read_backbone(tflite)
    data = bytearray(tflite)
    schema = require("ai_edge_litert.schema_py_generated", "convert")
    subgraph = schema.Model.GetRootAs(data, 0).Subgraphs(0)
    pooled = (frames + 1) // 2
    # The number of mel bands tells the stage; a border of one is the padding in front of an operator.
    lengths = {MEL_BANDS: frames, MEL_BANDS + 2: frames + 2, POOLED_BANDS: pooled, POOLED_BANDS + 2: pooled + 2}
    for index in range(subgraph.TensorsLength()):
        tensor = subgraph.Tensors(index)
        for shape in (tensor.ShapeAsNumpy(), tensor.ShapeSignatureAsNumpy()):
            if isinstance(shape, np.ndarray) and shape.size == 4 and shape[0] == 1:
                shape[1] = lengths[int(shape[2])]  # a view into ``data``
    return bytes(data)


def quantize_multiplier(factor: float) -> tuple[int, int]:
    """Write a factor as ``significand / 2**31 * 2**shift``, as TFLite's QuantizeMultiplier does.

    Source: tensorflow/lite/kernels/internal/quantization_util.cc. Where TFLite gives up and returns (0, 0), for
    factors below 2**-32, this returns (2**30, -31), which also maps every accumulator below 2**30 to zero.

    Args:
        factor: Positive and finite.

    Returns:
        Significand in [2**30, 2**31) and shift, left if positive.
    """
    fraction, shift = math.frexp(factor)
    significand = math.floor(fraction * 2**31 + 0.5)  # exact in a double; halves go up
    if significand == 2**31:
        significand, shift = 2**30, shift + 1
    return (2**30, -31) if shift < -31 else (significand, shift)


class _Walk:
    """Follows the graph from its input, taking each operator exactly once."""

    def __init__(self, graph: Graph) -> None:
        self._tensors = graph.tensors
        self._graph = graph
        self._taken = 0

    def backbone(self) -> Backbone:
        if len(self._graph.inputs) != 1:
            reject(f"it has {len(self._graph.inputs)} inputs")
        current = self._graph.inputs[0]
        shape = self._tensors[current].shape
        if len(shape) != 4 or shape[1] < 1 or shape != (1, shape[1], MEL_BANDS, 1):
            reject(f"its input has shape {_dimensions(shape)}, not 1 x frames x {MEL_BANDS} x 1")
        quantization = self._activation(current, shape)
        layers = []
        for name in TRUNK:
            layer, current = self._trunk_layer(name, current)
            layers.append(layer)
            if name == POOL_AFTER:
                current = self._pool(layer, current)
        layers += self._outputs(current)
        if self._taken != len(self._graph.operators):
            reject("it has operators beside the backbone's")
        return Backbone(quantization, tuple(layers))

    def output_order(self) -> tuple[str, ...]:
        names = _OUTPUTS[len(self._graph.outputs)]
        return tuple(self._output_name(index, names) for index in self._graph.outputs)

    def _trunk_layer(self, name: str, current: int) -> tuple[ConvLayer, int]:
        op, current, padded = self._after_padding(self._only_consumer(current), current)
        layer = self._conv(name, op, current, kernel=3, channels=1 if name == TRUNK[0] else CHANNELS)
        if padded == (op.options["Padding"] == _SAME):
            reject(f"{name} is not padded by one")
        return layer, op.outputs[0]

    def _outputs(self, current: int) -> list[ConvLayer]:
        consumers = self._consumers(current)
        names = _OUTPUTS.get(len(consumers))
        if names is None:
            reject(f"{len(consumers)} operators follow {TRUNK[-1]}")
        layers = {}
        for op in consumers:
            name = self._output_name(_single(op.outputs, op), names)
            layers[name] = self._conv(name, op, current, kernel=1, channels=CHANNELS)
        found = {op.outputs[0] for op in consumers}
        if len(layers) != len(names) or len(self._graph.outputs) != len(names) or found != {*self._graph.outputs}:
            reject(f"its outputs are not {' and '.join(names)}")
        return [layers[name] for name in names]

    def _output_name(self, index: int, names: Sequence[str]) -> str:
        """The name an output has in the signature, in the graph, or in both if they agree."""
        given = {self._graph.signature_names.get(index, ""), self._tensors[index].name} & {*names}
        if len(given) != 1:
            reject(f"it does not tell which output is {' and which '.join(names)}")
        return given.pop()

    def _conv(self, name: str, op: Operator, current: int, kernel: int, channels: int) -> ConvLayer:
        if op.kind != "CONV_2D" or len(op.inputs) != 3 or op.inputs[0] != current:
            reject(f"{name} is {op.kind}, not a CONV_2D with a bias")
        for option in ("StrideH", "StrideW", "DilationHFactor", "DilationWFactor"):
            if op.options[option] != 1:
                reject(f"{name} has a stride or dilation")
        result = _single(op.outputs, op)
        border = 2 if kernel == 3 and op.options["Padding"] == _VALID else 0
        _, time, mels, _ = self._tensors[current].shape
        source = self._activation(current, (1, time, mels, channels))
        target = self._activation(result, (1, time - border, mels - border, CHANNELS))
        weight, scales = self._weight(name, op.inputs[1], (CHANNELS, kernel, kernel, channels))
        factors = [float(source.scale) * float(scale) / float(target.scale) for scale in scales]
        pairs = np.array([quantize_multiplier(factor) for factor in factors], dtype=np.int32)
        multiplier, shift = np.ascontiguousarray(pairs.T)
        if (shift > 0).any():
            reject(f"{name} multiplies by {max(factors):.3g}, which only shrinking factors are meant for")
        return ConvLayer(
            name=name,
            weight=weight,
            bias=self._bias(name, op.inputs[2], source.scale * scales.astype(np.float64)),
            multiplier=multiplier,
            shift=shift,
            input=source,
            output=target,
            activation_min=_activation_min(name, op, target),
            activation_max=127,
        )

    def _weight(
        self, name: str, index: int, shape: tuple[int, ...]
    ) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        tensor = self._tensors[index]
        weight = _constant(tensor, "INT8", np.dtype(np.int8), shape, f"the weights of {name}")
        scales, zero_points = tensor.scales, tensor.zero_points
        if scales.shape != (CHANNELS,) or tensor.axis != 0 or zero_points.any():
            reject(f"the weights of {name} are not quantised per channel and symmetrically")
        if not (np.isfinite(scales) & (scales > 0)).all():
            reject(f"the weights of {name} have a scale that is not positive")
        return weight, scales

    def _bias(self, name: str, index: int, scales: NDArray[np.float64]) -> NDArray[np.int32]:
        tensor = self._tensors[index]
        bias = _constant(tensor, "INT32", np.dtype(np.int32), (CHANNELS,), f"the bias of {name}")
        if tensor.scales.shape != (CHANNELS,) or not np.allclose(tensor.scales, scales, rtol=1e-5, atol=0.0):
            reject(f"the bias of {name} is not in units of the accumulator")
        return bias

    def _pool(self, before: ConvLayer, current: int) -> int:
        if before.activation_min != before.output.zero_point:
            reject(f"{before.name} has no ReLU, so the pool's padding could win")
        op, current, padded = self._after_padding(self._only_consumer(current), current)
        geometry = {"StrideH": 2, "StrideW": 2, "FilterHeight": 3, "FilterWidth": 3, "Padding": _VALID}
        if op.kind != "MAX_POOL_2D" or not padded or op.options != geometry | {"FusedActivationFunction": _NONE}:
            reject(f"{op.kind} after {before.name} is not a 3 x 3 max pool of stride 2 behind a padding of one")
        result = _single(op.outputs, op)
        time = self._tensors[current].shape[1] - 2
        self._require_same(current, result, (1, (time + 1) // 2, POOLED_BANDS, CHANNELS))
        return result

    def _after_padding(self, op: Operator, current: int) -> tuple[Operator, int, bool]:
        """Skip a PAD or PADV2 of one on each side of time and mel; returns whether there was one."""
        if op.kind not in ("PAD", "PADV2"):
            return op, current, False
        result = _single(op.outputs, op)
        amounts = self._tensors[op.inputs[1]] if len(op.inputs) > 1 else self._tensors[current]
        kind = np.dtype(np.int64) if amounts.type == "INT64" else np.dtype(np.int32)
        values = _constant(amounts, kind.name.upper(), kind, (4, 2), f"the amounts of {op.kind}")
        if not np.array_equal(values, _PADDING):
            reject(f"{op.kind} is not by one on each side of time and mel")
        zero_point = self._activation(current, self._tensors[current].shape).zero_point
        if op.kind == "PADV2":
            value = self._tensors[op.inputs[2]] if len(op.inputs) == 3 else amounts
            shape = (1,) if value.shape else ()
            if _constant(value, "INT8", np.dtype(np.int8), shape, "the value of PADV2") != zero_point:
                reject("PADV2 does not pad with the zero point")
        batch, time, mels, channels = self._tensors[current].shape
        self._require_same(current, result, (batch, time + 2, mels + 2, channels))
        return self._only_consumer(result), result, True

    def _require_same(self, before: int, after: int, shape: tuple[int, ...]) -> None:
        """Reject unless ``after`` has ``shape`` and the quantisation of ``before``."""
        if self._activation(before, self._tensors[before].shape) != self._activation(after, shape):
            reject(f"scale or zero point changes at tensor {self._tensors[after].name!r}")

    def _activation(self, index: int, shape: tuple[int, ...]) -> Quantization:
        tensor = self._tensors[index]
        name = f"tensor {tensor.name!r}"
        if tensor.type != "INT8":
            reject(f"{name} is {tensor.type}, not INT8")
        if tensor.shape != shape:
            reject(f"{name} has shape {_dimensions(tensor.shape)}, not {_dimensions(shape)}")
        if tensor.data.size:
            reject(f"{name} is a constant")
        if tensor.scales.shape != (1,) or tensor.zero_points.shape != (1,):
            reject(f"{name} is not quantised with one scale")
        scale, zero_point = float(tensor.scales[0]), int(tensor.zero_points[0])
        if not (math.isfinite(scale) and scale > 0 and -128 <= zero_point <= 127):
            reject(f"{name} has scale {scale:g} and zero point {zero_point}")
        return Quantization(scale, zero_point)

    def _consumers(self, index: int) -> list[Operator]:
        if index in self._graph.outputs:
            reject(f"tensor {self._tensors[index].name!r} is an output")
        consumers = [op for op in self._graph.operators if index in op.inputs]
        self._taken += len(consumers)
        return consumers

    def _only_consumer(self, index: int) -> Operator:
        consumers = self._consumers(index)
        if len(consumers) != 1:
            reject(f"{len(consumers)} operators read tensor {self._tensors[index].name!r}")
        return consumers[0]


def _single(indices: tuple[int, ...], op: Operator) -> int:
    if len(indices) != 1 or indices[0] < 0:
        reject(f"{op.kind} has {len(indices)} outputs")
    return indices[0]


def _activation_min(name: str, op: Operator, target: Quantization) -> int:
    fused = op.options["FusedActivationFunction"]
    if fused not in ((_NONE, _RELU) if name in TRUNK else (_NONE,)):
        reject(f"{name} has activation number {fused}")
    return target.zero_point if fused == _RELU else -128


def _constant(
    tensor: Tensor, type_name: str, dtype: np.dtype, shape: tuple[int, ...], what: str
) -> NDArray[Any]:
    size = math.prod(shape) * dtype.itemsize
    if tensor.type != type_name or tensor.shape != shape or tensor.data.size != size:
        reject(f"{what} must be a constant {type_name} of shape {_dimensions(shape)}")
    return np.frombuffer(tensor.data.tobytes(), dtype=dtype.newbyteorder("<")).reshape(shape)


def _dimensions(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape)) or "scalar"
