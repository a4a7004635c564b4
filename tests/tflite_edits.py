"""Rewrite a .tflite through the schema's object API, to make the files that a reader must tell apart."""

from collections.abc import Callable
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

Edit = Callable[[Any, Any], None]


def edited(tflite: bytes, edit: Edit) -> bytes:
    """Apply ``edit(model, subgraph)`` to the model's objects and write them again."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(tflite, 0))
    edit(model, model.subgraphs[0])
    builder = flatbuffers.Builder(len(tflite))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def operator(model: Any, subgraph: Any, kind: str, number: int = 0) -> Any:
    """The operator of a kind, counted in the order of execution."""
    code = getattr(schema.BuiltinOperator, kind)
    found = [op for op in subgraph.operators if model.operatorCodes[op.opcodeIndex].builtinCode == code]
    return found[number]


def add_operator_code(model: Any, kind: str) -> int:
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, kind)
    code.version = 1
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def add_tensor(model: Any, subgraph: Any, like: int, name: str, shape: list[int], data: np.ndarray | None) -> int:
    """A tensor with the type and quantisation of another; returns its index."""
    buffer = schema.BufferT()
    buffer.data = None if data is None else np.frombuffer(data.tobytes(), np.uint8)
    model.buffers.append(buffer)
    tensor = schema.TensorT()
    tensor.type, tensor.quantization = subgraph.tensors[like].type, subgraph.tensors[like].quantization
    tensor.name, tensor.shape, tensor.buffer = name.encode(), np.int32(shape), len(model.buffers) - 1
    subgraph.tensors.append(tensor)
    return len(subgraph.tensors) - 1


def insert_padding(model: Any, subgraph: Any, before: int) -> None:
    """Write the ``before``-th convolution as PAD and an unpadded CONV_2D."""
    conv = operator(model, subgraph, "CONV_2D", before)
    pad_of_pool = operator(model, subgraph, "PAD")
    source = int(conv.inputs[0])
    shape = [int(n) for n in subgraph.tensors[source].shape]
    padded = add_tensor(model, subgraph, source, "padded", [1, shape[1] + 2, shape[2] + 2, shape[3]], None)
    pad = schema.OperatorT()
    pad.opcodeIndex = pad_of_pool.opcodeIndex
    pad.builtinOptionsType, pad.builtinOptions = schema.BuiltinOptions.PadOptions, schema.PadOptionsT()
    pad.inputs, pad.outputs = np.int32([source, pad_of_pool.inputs[1]]), np.int32([padded])
    conv.inputs, conv.builtinOptions.padding = np.int32([padded, *conv.inputs[1:]]), schema.Padding.VALID
    subgraph.operators.insert(subgraph.operators.index(conv), pad)


def pad_with_value(model: Any, subgraph: Any, value: int) -> None:
    """Turn the PAD in front of the pool into a PADV2 with a value."""
    pad = operator(model, subgraph, "PAD")
    constant = add_tensor(model, subgraph, int(pad.inputs[0]), "value", [1], np.int8([value]))
    pad.opcodeIndex = add_operator_code(model, "PADV2")
    pad.builtinOptionsType, pad.builtinOptions = schema.BuiltinOptions.PadV2Options, schema.PadV2OptionsT()
    pad.inputs = np.int32([*pad.inputs, constant])


def reverse_outputs(model: Any, subgraph: Any) -> None:
    """Number the outputs the other way round."""
    subgraph.outputs = subgraph.outputs[::-1]
