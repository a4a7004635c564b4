"""Read a small int8 .tflite file, trusting nothing in it.

Offsets of a flatbuffer may point anywhere, and a file of a few bytes may announce billions of elements. So only
what is needed is read, every count is bounded before it is looped over, and whatever the flatbuffers runtime
raises becomes one sentence.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from toolchain.errors import UsageError
from toolchain.extras import require

#: The backbones are below 20 KB; their graphs have 12 operators and 32 tensors.
MAX_FILE_BYTES = 1 << 20
_MAX_ITEMS = 256
_MAX_NAME = 256
_POOL_OPTIONS = ("Padding", "StrideH", "StrideW", "FusedActivationFunction")
_OPTIONS = {
    "CONV_2D": (*_POOL_OPTIONS, "DilationHFactor", "DilationWFactor"),
    "MAX_POOL_2D": (*_POOL_OPTIONS, "FilterHeight", "FilterWidth"),
}
#: What the flatbuffers runtime and numpy raise on offsets and types that are wrong.
_DAMAGE = (struct.error, IndexError, ValueError, TypeError, OverflowError)


def reject(reason: str) -> NoReturn:
    """Raise the UsageError of a file that is not what is expected."""
    raise UsageError(
        f"the .tflite file is not an int8 Wav2Small backbone: {reason}", "make one with 'toolchain quantize'"
    )


@dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor: ``type`` as the schema calls it ("INT8"); ``data`` is empty unless it is a constant."""

    name: str
    type: str
    shape: tuple[int, ...]
    scales: NDArray[np.float32]
    zero_points: NDArray[np.int64]
    axis: int
    data: NDArray[np.uint8]


@dataclass(frozen=True)
class Operator:
    """One operator: ``kind`` is its name in the schema ("CONV_2D"); tensors by index, -1 where absent."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict[str, int]


@dataclass(frozen=True)
class Graph:
    """The only subgraph of a file; ``signature_names`` are its outputs' names in the signature, by tensor."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    signature_names: dict[int, str]


def read_graph(tflite: bytes) -> Graph:
    """Parse a .tflite file of one subgraph.

    Raises:
        UsageError: It is not one, is damaged, or is larger than any backbone.
        MissingToolError: The extra ``convert``, which has the file format's schema, is not installed.
    """
    schema = require("ai_edge_litert.schema_py_generated", "convert")
    if len(tflite) > MAX_FILE_BYTES:
        reject(f"it has {len(tflite)} bytes")
    if len(tflite) < 8 or tflite[4:8] != b"TFL3":
        reject("it does not have a TFLite file's first bytes")
    try:
        return _Parser(schema, tflite).graph()
    except _DAMAGE:
        reject("it is damaged or cut short")


class _Parser:
    def __init__(self, schema: Any, tflite: bytes) -> None:
        self._schema = schema
        self._model = schema.Model.GetRootAs(tflite, 0)
        self._types = _names(schema.TensorType)
        self._kinds = _names(schema.BuiltinOperator)

    def graph(self) -> Graph:
        model = self._model
        if model.SubgraphsLength() != 1:
            reject(f"it has {model.SubgraphsLength()} subgraphs")
        subgraph = model.Subgraphs(0)
        tensors = tuple(map(self._tensor, _items(subgraph.TensorsLength(), subgraph.Tensors)))
        graph = Graph(
            tensors=tensors,
            operators=tuple(map(self._operator, _items(subgraph.OperatorsLength(), subgraph.Operators))),
            inputs=_indices(subgraph.InputsAsNumpy()),
            outputs=_indices(subgraph.OutputsAsNumpy()),
            signature_names=self._signature_names(),
        )
        used = [index for op in graph.operators for index in (*op.inputs, *op.outputs) if index != -1]
        if any(not 0 <= index < len(tensors) for index in (*used, *graph.inputs, *graph.outputs)):
            reject("it refers to tensors that it does not have")
        return graph

    def _tensor(self, table: Any) -> Tensor:
        if not 0 <= table.Buffer() < self._model.BuffersLength():
            reject("it refers to buffers that it does not have")
        scales, zero_points, axis = _quantization(table.Quantization())
        return Tensor(
            name=_text(table.Name()),
            type=self._types.get(table.Type(), "unknown"),
            shape=_indices(table.ShapeAsNumpy()),
            scales=scales,
            zero_points=zero_points,
            axis=axis,
            data=_vector(self._model.Buffers(table.Buffer()).DataAsNumpy(), np.uint8, MAX_FILE_BYTES),
        )

    def _operator(self, table: Any) -> Operator:
        if not 0 <= table.OpcodeIndex() < self._model.OperatorCodesLength():
            reject("it refers to operators that it does not have")
        code = self._model.OperatorCodes(table.OpcodeIndex())
        # Codes below 127 were first written to the older, narrower field alone.
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        kind = self._kinds.get(number, f"operator {number}")
        return Operator(
            kind=kind,
            inputs=_indices(table.InputsAsNumpy()),
            outputs=_indices(table.OutputsAsNumpy()),
            options=self._options(kind, table.BuiltinOptions()),
        )

    def _options(self, kind: str, union: Any) -> dict[str, int]:
        readers = {"CONV_2D": self._schema.Conv2DOptions, "MAX_POOL_2D": self._schema.Pool2DOptions}
        if kind not in readers:
            return {}
        if union is None:
            reject(f"{kind} has no options")
        table = readers[kind]()
        table.Init(union.Bytes, union.Pos)
        return {name: int(getattr(table, name)()) for name in _OPTIONS[kind]}

    def _signature_names(self) -> dict[int, str]:
        names: dict[int, str] = {}
        for signature in _items(self._model.SignatureDefsLength(), self._model.SignatureDefs):
            for output in _items(signature.OutputsLength(), signature.Outputs):
                names[int(output.TensorIndex())] = _text(output.Name())
        return names


def _names(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}


def _items(count: int, item: Callable[[int], Any]) -> list[Any]:
    if count > _MAX_ITEMS:
        reject(f"it announces {count} items where a backbone has a few")
    return [item(index) for index in range(count)]


def _vector(value: Any, dtype: type, limit: int = _MAX_ITEMS) -> NDArray[Any]:
    """A vector as numpy; flatbuffers gives the integer 0 for one that is absent."""
    array = value if isinstance(value, np.ndarray) else np.zeros(0, dtype)
    if array.size > limit:
        reject(f"it announces {array.size} numbers where a backbone has a few")
    return array


def _indices(value: Any) -> tuple[int, ...]:
    return tuple(int(index) for index in _vector(value, np.int32))


def _quantization(table: Any) -> tuple[NDArray[np.float32], NDArray[np.int64], int]:
    if table is None:
        return np.zeros(0, np.float32), np.zeros(0, np.int64), 0
    return (
        _vector(table.ScaleAsNumpy(), np.float32),
        _vector(table.ZeroPointAsNumpy(), np.int64),
        int(table.QuantizedDimension()),
    )


def _text(value: bytes | None) -> str:
    if value is None:
        return ""
    if len(value) > _MAX_NAME:
        reject(f"a name in it has {len(value)} bytes")
    return value.decode()
