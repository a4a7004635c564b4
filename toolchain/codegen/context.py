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
    Projection,
    QuantizedStudent,
)
from toolchain.quantize.tables import EPSILON_Q8, LOG2_FLOOR
from toolchain.reference.fixed_point import exp2_negative_q20, rounding_shift_right

Integers = Sequence[int]

#: Bytes behind the last ring: a step's last tile or vector looks a little beyond the end of its row.
_RING_SLACK = 16

#: What is added to tokens and their weights to make them unsigned.
_BYTE_OFFSET = 128

#: Bits of an octave in the table of exponentials, and what stands for octave 0 there.
_OCTAVE_BITS = 10
_OCTAVE_ZERO = 1 << (_OCTAVE_BITS - 1)


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
    twiddle: Sequence[str]  # hexadecimal words: -cos in the lower half, -sin in the upper
    mel_taps: Sequence[str]  # hexadecimal words, band by band: weight, bin, and a mark at the band's last
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
    exponential: Sequence[str]  # hexadecimal words, one for each int8 score; of the 17k
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
        twiddle=_twiddle(front_end),
        mel_taps=_mel_taps(front_end),
        mel_fraction_bits=front_end.mel_fraction_bits,
        log2_table=_integers(front_end.log2_table),
        log2_floor=LOG2_FLOOR,
        epsilon_q8=EPSILON_Q8,
        image_multiplier=front_end.image_multiplier,
        image_shift=front_end.image_shift,
        image_zero_point=front_end.image_zero_point,
    )


def _twiddle(front_end: FrontEnd) -> list[str]:
    """Cosine and sine of each angle in one word, negated: -32768 fits 16 bits."""
    pairs = zip(_integers(front_end.cosine), _integers(front_end.sine), strict=True)
    return [f"0x{(-sine & 0xFFFF) << 16 | (-cosine & 0xFFFF):08X}" for cosine, sine in pairs]


def _mel_taps(front_end: FrontEnd) -> list[str]:
    """Weight and, 16 bits above, bin of every tap of the mel filters, with bit 31 set in a band's last.

    A band without a bin gets one that weighs nothing.
    """
    words, weights = [], iter(_integers(front_end.mel_weight))
    for first, bins in zip(_integers(front_end.mel_first_bin), _integers(front_end.mel_bins), strict=True):
        taps = [next(weights) | (first + index) << 16 for index in range(bins)] or [first << 16]
        words += [*taps[:-1], taps[-1] | 1 << 31]
    return [f"0x{word:08X}" for word in words]


def _head(head: Head) -> HeadContext:
    value, logit = head.value_projection, head.logit_projection
    return HeadContext(
        exp2_table=_integers(head.exp2_table),
        exponential=[] if value else _exponential(head),
        logit_multipliers=_integers(head.logit_multiplier),
        logit_shift=head.logit_shift,
        value_zero_point=head.value_zero_point,
        pooled_fraction_bits=head.pooled_fraction_bits,
        linear_weight=_matrix(head.linear_weight),
        linear_shift=head.linear_shift,
        gram_weight=_matrix(head.gram_weight),
        gram_shift=head.gram_shift,
        output_bias=_integers(head.output_bias),
        lin_weight=_offset_weight(value) if value else [],
        lin_bias=_offset_bias(value) if value else [],
        sof_weight=_offset_weight(logit) if logit else [],
        sof_bias=_offset_bias(logit) if logit else [],
    )


def _exponential(head: Head) -> list[str]:
    """The logit of each int8 score: its octave in 10 bits, offset by 512, and above it 2^(logit - octave) in Q21."""
    scores = np.arange(-128, 128)
    logits = rounding_shift_right(scores * head.logit_multiplier[0].astype(np.int64), head.logit_shift)
    octaves = (logits + 0xFFFF) >> 16
    significands = exp2_negative_q20((octaves << 16) - logits, head.exp2_table)
    return [f"0x{word:08X}" for word in _integers((2 * significands << _OCTAVE_BITS) + octaves + _OCTAVE_ZERO)]


def _offset_weight(projection: Projection) -> list[list[int]]:
    """Weights as unsigned bytes with an offset of 128."""
    return _matrix(projection.weight.astype(np.int64) + _BYTE_OFFSET)


def _offset_bias(projection: Projection) -> list[int]:
    """Biases for tokens that have the offset, too."""
    return _integers(projection.bias - _BYTE_OFFSET * projection.weight.astype(np.int64).sum(axis=1))


def _integers(array: NDArray[np.integer]) -> list[int]:
    return [int(value) for value in array.ravel()]


def _matrix(array: NDArray[np.integer]) -> list[list[int]]:
    return [_integers(row) for row in array]
