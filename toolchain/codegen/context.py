"""Everything the engine's templates may use, computed from a `QuantizedStudent`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import toolchain
from toolchain.codegen.kernels import Kernel
from toolchain.quantize.student import (
    MEL_BANDS,
    POOL_AFTER,
    POOLED_BANDS,
    TRUNK,
    ConvLayer,
    FrontEnd,
    Head,
    QuantizedStudent,
)
from toolchain.quantize.tables import EPSILON_Q8, LOG2_FLOOR, bit_reversal

Integers = Sequence[int]

#: Bytes behind the last ring: a step's last tile or vector looks a little beyond the end of its row.
_RING_SLACK = 16


@dataclass(frozen=True)
class ModelContext:
    """Where the generated files come from."""

    name: str
    toolchain_version: str
    checkpoint_sha256: str
    backbone_sha256: str
    student_sha256: str
    hash_bytes: Sequence[str]  # first 8 bytes of the student's digest, as C literals


@dataclass(frozen=True)
class LayerContext:
    """One convolution: weights as its kernel wants them, the input's zero point folded into the bias."""

    name: str
    weight_type: str
    weight: Sequence[Integers]
    transformed: bool  # whether the weights are Winograd's
    bias: Integers
    multiplier: Integers
    right_shift: Integers
    input_zero_point: int
    zero_point: int
    minimum: int
    maximum: int
    bands: int
    channels: int  # of the input
    ring: int  # offset of its input rows; 0 for 1x1 convolutions, which have none
    rows_to_begin: int  # input rows that complete the first output


@dataclass(frozen=True)
class FrontEndContext:
    """Tables and constants of the front end."""

    centred: bool
    window: Integers
    cosine: Integers
    sine: Integers
    bit_reversal: Integers
    mel_first_bin: Integers
    mel_bins: Integers
    mel_weight: Integers
    mel_fraction_bits: int
    log2_table: Integers
    log2_floor: int
    epsilon_q8: int
    image_multiplier: int
    image_shift: int
    image_zero_point: int


@dataclass(frozen=True)
class HeadContext:
    """Tables and constants of the head; the projections are empty for the 17k, the Gram weights for the 72k."""

    exp2_table: Integers
    logit_multiplier: int
    logit_multipliers: Integers
    logit_shift: int
    value_zero_point: int
    pooled_fraction_bits: int
    linear_weight: Sequence[Integers]
    linear_shift: int
    gram_weight: Sequence[Integers]
    gram_shift: int
    output_bias: Integers
    lin_weight: Sequence[Integers]
    lin_bias: Integers
    sof_weight: Sequence[Integers]
    sof_bias: Integers


@dataclass(frozen=True)
class EngineContext:
    """The whole engine."""

    model: ModelContext
    front_end: FrontEndContext
    convolutions: Sequence[LayerContext]
    outputs: Sequence[LayerContext]
    head: HeadContext
    tokens: bool
    layer_names: Sequence[str]
    kernel: Kernel
    ring_bytes: int
    first_pooled: int
    minimum_samples: int


def engine_context(student: QuantizedStudent, kernel: Kernel) -> EngineContext:
    """Compute the template variables of ``student`` with one kernel."""
    convolutions, ring_bytes = _trunk(student, kernel)
    return EngineContext(
        model=model_context(student),
        front_end=_front_end(student.front_end),
        convolutions=convolutions,
        outputs=[_layer(layer, kernel, POOLED_BANDS) for layer in student.backbone.outputs],
        head=_head(student.head),
        tokens=student.has_tokens,
        layer_names=student.layer_names,
        kernel=kernel,
        ring_bytes=ring_bytes,
        first_pooled=TRUNK.index(POOL_AFTER) + 1,
        minimum_samples=student.minimum_samples,
    )


def model_context(student: QuantizedStudent) -> ModelContext:
    """Name, version and hashes of ``student``."""
    digest = student.digest()
    return ModelContext(
        name=student.model,
        toolchain_version=toolchain.__version__,
        checkpoint_sha256=student.checkpoint_sha256,
        backbone_sha256=student.backbone_sha256,
        student_sha256=digest.hex(),
        hash_bytes=[f"0x{byte:02x}" for byte in digest[:8]],
    )


def _trunk(student: QuantizedStudent, kernel: Kernel) -> tuple[list[LayerContext], int]:
    """The 3x3 layers with the places of their rings, and the bytes of all rings."""
    layers, ring, bands, rows_to_begin = [], 0, MEL_BANDS, 2
    for layer in student.backbone.trunk:
        context = _layer(layer, kernel, bands, ring, rows_to_begin)
        layers.append(context)
        ring += (kernel.rows_at_once + 2) * (bands + 2) * context.channels
        # A layer that begins with one row, before its first two, passes on one row, then two each time: the next one
        # has its three rows when the second two arrive, and so on in turn. The pool passes on single rows.
        rows_to_begin = 5 - rows_to_begin if kernel.rows_at_once == 2 else 2
        if layer.name == POOL_AFTER:
            bands, rows_to_begin = POOLED_BANDS, 2
    return layers, ring + _RING_SLACK


def _layer(
    layer: ConvLayer, kernel: Kernel, bands: int, ring: int = 0, rows_to_begin: int = 0
) -> LayerContext:
    taps = layer.weight.astype(np.int64).sum(axis=(1, 2, 3))
    weight_type, weight = kernel.weights(layer)
    return LayerContext(
        name=layer.name,
        weight_type=weight_type,
        weight=weight,
        transformed=layer.name in kernel.transformed,
        bias=_integers(layer.bias - layer.input.zero_point * taps),
        multiplier=_integers(layer.multiplier),
        right_shift=_integers(-layer.shift),
        input_zero_point=layer.input.zero_point,
        zero_point=layer.output.zero_point,
        minimum=layer.activation_min,
        maximum=layer.activation_max,
        bands=bands,
        channels=layer.weight.shape[3],
        ring=ring,
        rows_to_begin=rows_to_begin,
    )


def _front_end(front_end: FrontEnd) -> FrontEndContext:
    return FrontEndContext(
        centred=front_end.centred,
        window=_integers(front_end.window),
        cosine=_integers(front_end.cosine),
        sine=_integers(front_end.sine),
        bit_reversal=_integers(bit_reversal()),
        mel_first_bin=_integers(front_end.mel_first_bin),
        mel_bins=_integers(front_end.mel_bins),
        mel_weight=_integers(front_end.mel_weight),
        mel_fraction_bits=front_end.mel_fraction_bits,
        log2_table=_integers(front_end.log2_table),
        log2_floor=LOG2_FLOOR,
        epsilon_q8=EPSILON_Q8,
        image_multiplier=front_end.image_multiplier,
        image_shift=front_end.image_shift,
        image_zero_point=front_end.image_zero_point,
    )


def _head(head: Head) -> HeadContext:
    value, logit = head.value_projection, head.logit_projection
    return HeadContext(
        exp2_table=_integers(head.exp2_table),
        logit_multiplier=int(head.logit_multiplier[0]),
        logit_multipliers=_integers(head.logit_multiplier),
        logit_shift=head.logit_shift,
        value_zero_point=head.value_zero_point,
        pooled_fraction_bits=head.pooled_fraction_bits,
        linear_weight=_matrix(head.linear_weight),
        linear_shift=head.linear_shift,
        gram_weight=_matrix(head.gram_weight),
        gram_shift=head.gram_shift,
        output_bias=_integers(head.output_bias),
        lin_weight=_matrix(value.weight) if value else [],
        lin_bias=_integers(value.bias) if value else [],
        sof_weight=_matrix(logit.weight) if logit else [],
        sof_bias=_integers(logit.bias) if logit else [],
    )


def _integers(array: NDArray[np.integer]) -> list[int]:
    return [int(value) for value in array.ravel()]


def _matrix(array: NDArray[np.integer]) -> list[list[int]]:
    return [_integers(row) for row in array]
