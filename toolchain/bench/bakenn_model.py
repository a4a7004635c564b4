"""A student's int8 backbone as PyPI's ``bakenn`` compiles it, with the CMSIS-NN sources that come with it.

bakenn takes one output only, and is strict about what older converters leave out of a .tflite file. So the file is
rewritten first: ``lin`` and ``sof`` become one convolution with the channels of both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolchain.extras import require
from toolchain.quantize.student import CHANNELS, QuantizedStudent

EXTRA = "compare"

#: What bakenn calls the network in files and functions.
NAME = "backbone"

#: Versions of the operators as bakenn knows them: those that have int8 tensors.
_VERSIONS = {"CONV_2D": 3, "PAD": 2, "MAX_POOL_2D": 2}


_LOWEST, _HIGHEST = np.iinfo(np.int8).min, np.iinfo(np.int8).max


@dataclass(frozen=True)
class BakennModel:
    """The C that bakenn wrote.

    Attributes:
        sources: text by path, relative to its folder.
        include_folders: relative, too.
        output_bytes: of the network's one output.
        versions: of bakenn and of the library in it.
    """

    sources: dict[str, str]
    include_folders: tuple[str, ...]
    output_bytes: int
    versions: dict[str, str]


def with_one_output(tflite: bytes) -> bytes:
    """Rewrite a backbone for bakenn.

    The weights of ``sof`` keep their values; their scales change by the ratio of the two outputs' scales, so that the
    multipliers stay what they were. Its zero point becomes that of ``lin``.

    Args:
        tflite: as `toolchain.quantize.backbone.quantize_backbone` returns it.

    Raises:
        MissingToolError: the extra ``compare`` is not installed.
    """
    schema = require("ai_edge_litert.schema_py_generated", EXTRA)
    flatbuffers = require("flatbuffers", EXTRA)
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(tflite, 0))
    graph = model.subgraphs[0]
    for tensor in graph.tensors:
        tensor.shapeSignature = None
    for code in model.operatorCodes:
        name = next(name for name in _VERSIONS if getattr(schema.BuiltinOperator, name) == code.builtinCode)
        code.version = _VERSIONS[name]
        for operator in graph.operators:
            if name == "PAD" and model.operatorCodes[operator.opcodeIndex] is code:
                operator.builtinOptionsType = schema.BuiltinOptions.PadOptions
                operator.builtinOptions = schema.PadOptionsT()
    if len(graph.outputs) == 2:
        _merge(model, graph, *graph.operators[-2:])
    model.signatureDefs = []
    builder = flatbuffers.Builder(len(tflite))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def compile_model(tflite: bytes, folder: Path) -> BakennModel:
    """Let bakenn compile a backbone that `with_one_output` has rewritten, with CMSIS-NN wherever it can.

    Args:
        tflite: the backbone.
        folder: an empty one for what bakenn writes.

    Raises:
        MissingToolError: the extra ``compare`` is not installed.
    """
    bakenn = require("bakenn", EXTRA)
    options = bakenn.CBackendOptions(
        kernel_policy=bakenn.KernelPolicy.STATIC_PRIORITY, enable_cmsis_nn=True, target=bakenn.CORTEX_M4
    )
    compiled = bakenn.compile_tflite(tflite, folder, name=NAME, backend_options=options)
    manifest = bakenn.load_manifest(folder / f"bknn_{NAME}_manifest.json")
    libraries = {library["name"]: library["version"] for library in manifest["bundled_dependencies"]}
    files = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.suffix in (".c", ".h")]
    return BakennModel(
        sources={path.as_posix(): (folder / path).read_text(encoding="utf-8") for path in files},
        include_folders=tuple(sorted({path.parent.as_posix() for path in files if path.suffix == ".h"})),
        output_bytes=compiled.memory_report.output_bytes,
        versions={"bakenn": version("bakenn"), **libraries},
    )


def equals_reference(
    student: QuantizedStudent, rows: Mapping[str, NDArray[np.generic]], output: NDArray[np.int8]
) -> bool:
    """Whether the network's one output is that of the integer reference.

    Values of ``sof`` moved to another zero point; those that the move puts out of an int8's range are at its end.

    Args:
        student: the student that the network was made from.
        rows: the reference's rows by layer.
        output: int8, flat.
    """
    outputs = student.backbone.outputs
    first = outputs[0].output.zero_point
    expected = [
        np.clip(_pixels(rows[layer.name]) - layer.output.zero_point + first, _LOWEST, _HIGHEST) for layer in outputs
    ]
    return bool(np.array_equal(np.concatenate(expected, axis=1).ravel(), output))


def _pixels(rows: NDArray[np.generic]) -> NDArray[np.int32]:
    return rows.astype(np.int32).reshape(-1, CHANNELS)


def _merge(model: Any, graph: Any, first: Any, second: Any) -> None:
    """Let one 1x1 convolution do the work of two that have the same input."""
    tensors = graph.tensors
    output, other = tensors[first.outputs[0]], tensors[second.outputs[0]]
    ratio = output.quantization.scale[0] / other.quantization.scale[0]
    _, weight, bias = (tensors[index] for index in first.inputs)
    _, second_weight, second_bias = (tensors[index] for index in second.inputs)
    for mine, theirs in ((weight, second_weight), (bias, second_bias)):
        buffers = [np.asarray(model.buffers[tensor.buffer].data, np.uint8) for tensor in (mine, theirs)]
        model.buffers[mine.buffer].data = np.concatenate(buffers)
        mine.shape = np.array([mine.shape[0] + theirs.shape[0], *mine.shape[1:]], np.int32)
        scales = [mine.quantization.scale, np.asarray(theirs.quantization.scale) * ratio]
        mine.quantization.scale = np.concatenate(scales).astype(np.float32)
        mine.quantization.zeroPoint = np.zeros(mine.shape[0], np.int64)
    source = tensors[first.inputs[0]].quantization.scale[0]
    bias.quantization.scale = np.float32(source) * weight.quantization.scale
    output.shape = np.array([*output.shape[:3], weight.shape[0]], np.int32)
    graph.operators.remove(second)
    graph.outputs = np.array([first.outputs[0]], np.int32)
