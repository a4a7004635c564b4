"""`QuantizedStudent`: everything that is deployed, and nothing else.

It stands between "model" and "firmware": the integer reference, the code generator and the TFLM path read
this object only. It needs numpy alone; `toolchain.quantize.student_file` stores it.

The meaning of every number is written down in ``docs/numeric-contract.md``.
"""

import hashlib
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Geometry shared by both students (arXiv 2408.13920, listing): channels, mel bands before and after the pool.
CHANNELS = 13
MEL_BANDS = 26
POOLED_BANDS = 13
FEATURES = CHANNELS * POOLED_BANDS

#: Samples; STFT window and hop at 16 kHz.
FFT_SIZE = 64
HOP = 32

TRUNK = ("conv1", "conv2", "conv3", "conv4", "conv5", "conv6", "conv7")
#: The 3x3 stride-2 max pool follows this layer.
POOL_AFTER = "conv3"


@dataclass(frozen=True)
class Quantization:
    """Affine int8 quantisation: ``real = scale * (q - zero_point)``."""

    scale: float
    zero_point: int


@dataclass(frozen=True)
class ConvLayer:
    """One stride-1 convolution of the int8 .tflite, 3x3 with zero padding or 1x1.

    ``multiplier`` and ``shift`` are TFLite's QuantizeMultiplier of ``input.scale * weight_scale / output.scale``:
    the real factor is ``multiplier / 2**31 * 2**shift``.
    """

    name: str
    weight: NDArray[np.int8]  # (out, kh, kw, in)
    bias: NDArray[np.int32]  # (out,)
    multiplier: NDArray[np.int32]  # (out,) in [2**30, 2**31)
    shift: NDArray[np.int32]  # (out,) left if positive
    input: Quantization
    output: Quantization
    activation_min: int
    activation_max: int


@dataclass(frozen=True)
class Backbone:
    """The trunk of seven 3x3 convolutions (max pool after the third), then one or two 1x1 convolutions."""

    input: Quantization
    layers: tuple[ConvLayer, ...]

    def __getitem__(self, name: str) -> ConvLayer:
        """Return the layer called ``name``; raises KeyError."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(name)

    @property
    def trunk(self) -> tuple[ConvLayer, ...]:
        return self.layers[: len(TRUNK)]

    @property
    def outputs(self) -> tuple[ConvLayer, ...]:
        return self.layers[len(TRUNK) :]


@dataclass(frozen=True)
class FrontEnd:
    """Tables of the integer front end: PCM16 to int8 log-mel rows."""

    centred: bool  # reflect padding of 32 samples at both ends of the window
    window: NDArray[np.uint16]  # (64,) periodic Hann, Q15
    cosine: NDArray[np.int32]  # (32,) cos(2 pi k / 64), Q15
    sine: NDArray[np.int32]  # (32,) sin(2 pi k / 64), Q15
    mel_first_bin: NDArray[np.uint8]  # (26,) first bin with a weight
    mel_bins: NDArray[np.uint8]  # (26,) how many bins have one
    mel_weight: NDArray[np.uint16]  # (sum of mel_bins,), Q(mel_fraction_bits)
    mel_fraction_bits: int
    log2_table: NDArray[np.int32]  # (65,) log2(1 + i/64), Q16
    image_multiplier: int  # log2 in Q16 -> int8 steps: multiplier / 2**image_shift
    image_shift: int
    image_zero_point: int


@dataclass(frozen=True)
class Projection:
    """A dense layer on int8 tokens whose result stays in the accumulator's units (72k only)."""

    weight: NDArray[np.int8]  # (169 out, 169 in)
    bias: NDArray[np.int32]  # (169,), zero-point correction included


@dataclass(frozen=True)
class Head:
    """Softmax over time, weighted sum and the final linear layer, on integers wider than 8 bits.

    Features are counted as the stream delivers them: ``mel * 13 + channel`` (17k), token feature (72k).
    """

    exp2_table: NDArray[np.int32]  # (65,) 2**(-i/64), Q20
    logit_multiplier: NDArray[np.int32]  # (169,) sof units -> log2 units in Q16: multiplier / 2**logit_shift
    logit_shift: int
    value_zero_point: int  # subtracted from lin before it is summed
    pooled_fraction_bits: int  # of the weighted mean, in units of lin
    linear_weight: NDArray[np.int16]  # (3, 169)
    linear_shift: int  # pooled Q -> output Q16
    gram_weight: NDArray[np.int16]  # (3, 91) upper triangle of x @ x^T by rows; (3, 0) where there is none
    gram_shift: int  # Gram Q16 -> output Q16
    output_bias: NDArray[np.int32]  # (3,) Q16
    value_projection: Projection | None  # lin of the 72k
    logit_projection: Projection | None  # sof of the 72k


@dataclass(frozen=True)
class QuantizedStudent:
    """One student as deployed.

    ``checkpoint_sha256`` and ``backbone_sha256`` name the float checkpoint and the int8 .tflite it came from.
    """

    model: str
    checkpoint_sha256: str
    backbone_sha256: str
    front_end: FrontEnd
    backbone: Backbone
    head: Head

    @property
    def has_tokens(self) -> bool:
        """True where rows are gathered into tokens of 13 before the attention (72k)."""
        return self.head.value_projection is not None

    @property
    def layer_names(self) -> tuple[str, ...]:
        """Names of everything a tap can show, in the order of the data's way."""
        trunk = [name for conv in TRUNK for name in ((conv, "pool") if conv == POOL_AFTER else (conv,))]
        return ("logmel", *trunk, *(layer.name for layer in self.backbone.outputs), "pooled")

    @property
    def minimum_samples(self) -> int:
        """Shortest window in samples: one frame, or what reflect padding needs."""
        return HOP + 1 if self.front_end.centred else FFT_SIZE

    def frames(self, samples: int) -> int:
        """Number of log-mel rows of a window of ``samples`` samples."""
        return 1 + (samples // HOP if self.front_end.centred else (samples - FFT_SIZE) // HOP)

    def digest(self) -> bytes:
        """SHA-256 over all fields: the model's identity on the link and in every manifest (32 bytes)."""
        state = hashlib.sha256()
        for path, value in sorted(leaves(self)):
            state.update(f"{path}={_canonical(value)};".encode())
            if isinstance(value, np.ndarray):
                state.update(np.ascontiguousarray(value).tobytes())
        return state.digest()


def _canonical(value: Any) -> str:
    return f"{value.dtype.str}{value.shape}" if isinstance(value, np.ndarray) else repr(value)


def leaves(node: Any, path: str = "") -> list[tuple[str, Any]]:
    """Flatten nested dataclasses and tuples into ``(dotted path, array or scalar)`` pairs."""
    if is_dataclass(node):
        children = [(field.name, getattr(node, field.name)) for field in fields(node)]
    elif isinstance(node, tuple):
        children = [(str(index), item) for index, item in enumerate(node)]
    else:
        return [(path, node)]
    return [leaf for name, child in children for leaf in leaves(child, f"{path}.{name}" if path else name)]
