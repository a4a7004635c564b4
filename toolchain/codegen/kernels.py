"""Kernels of the backbone, one per instruction set: how each wants its weights, and how many rows it makes at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolchain.codegen.lanes import by_lane
from toolchain.quantize.student import CHANNELS, TRUNK, ConvLayer
from toolchain.target.schema import KernelName

Integers = Sequence[int]
Weights = NDArray[np.integer]

#: Winograd's F(2x2, 3x3) (Lavin & Gray 2016, arXiv 1509.09308), times 2, so that transformed weights are integers.
_TWICE_WEIGHT_TRANSFORM = np.array([[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]])


@dataclass(frozen=True)
class Kernel:
    """One file of ``firmware_templates/engine/kernels``, generated as ``w2s_kernel.c``.

    Attributes:
        rows_at_once: output rows of one call; 2 for Winograd's tiles of 2 x 2.
        weight_type: C type of the packed weights.
        pack: int8 (out, kh, kw, in) to rows of packed weights.
        transformed_type: C type of Winograd's weights; None where there are none.
        transformed: layers whose weights are Winograd's. Each takes 3.5 times the flash of int8 weights.
        pack_transformed: int16 (4, 4, out, in) to rows of packed weights.
        template: name of the file, where it is not that of the kernel.
        blocks: output channels that are summed together: as many as the core has registers for.
        loops: the file of ``kernels/loops`` that sums products.
        weight_alignment: of the packed weights in bytes, where it must be more than their type's.
        pools: whether it has the max pool, too.
    """

    rows_at_once: int
    weight_type: str
    pack: Callable[[Weights], Sequence[Integers]]
    transformed_type: str | None = None
    transformed: frozenset[str] = frozenset()
    pack_transformed: Callable[[Weights], Sequence[Integers]] | None = None
    template: str = ""
    blocks: Integers = ()
    loops: str = ""
    weight_alignment: int | None = None
    pools: bool = False

    def weights(self, layer: ConvLayer) -> tuple[str, Sequence[Integers]]:
        """C type and rows of the weights of ``layer``."""
        if layer.name in self.transformed and self.transformed_type and self.pack_transformed:
            return self.transformed_type, self.pack_transformed(winograd(layer.weight))
        return self.weight_type, self.pack(layer.weight)


def winograd(weight: Weights) -> Weights:
    """Transform 3x3 weights, int8 (out, 3, 3, in), to four times Winograd's, (4, 4, out, in), below 2**11."""
    g = _TWICE_WEIGHT_TRANSFORM
    return np.einsum("ur,orci,vc->uvoi", g, weight.astype(np.int64), g)


def _by_output(weight: Weights) -> list[list[int]]:
    """(out, taps), as the reference has them."""
    return weight.reshape(CHANNELS, -1).tolist()


#: The two large layers and two of the small ones.
_TWO_PAIRS = ("conv2", "conv3", "conv4", "conv5")

#: Output channels that SMLAD's loops sum together.
_HALVES = (range(7), range(7, CHANNELS))


def _in_blocks(weight: Weights, blocks: Sequence[int]) -> list[list[int]]:
    """(groups, taps, out) to (groups, block, taps, out of that block)."""
    ends = np.cumsum(blocks)[:-1]
    return [block.ravel().tolist() for group in weight for block in np.split(group, ends, axis=1)]


def _portable(
    blocks: tuple[int, ...], *, transformed: Sequence[str], loops: str = "c", offset: int = 0
) -> Kernel:
    """Winograd for cores that multiply one pair of numbers at a time.

    Args:
        blocks, transformed, loops: as in `Kernel`.
        offset: added to transformed weights, for a core that loads halfwords without a sign.
    """

    def pack(weight: Weights) -> list[list[int]]:
        """(block, tap, out of that block); 128 is added, so that a byte needs no sign."""
        shifted = weight.astype(np.int64) + 128
        if weight.shape[3] == 1:
            return _by_output(shifted)
        return _in_blocks(shifted.transpose(1, 2, 3, 0).reshape(1, -1, CHANNELS), blocks)

    def pack_transformed(weight: Weights) -> list[list[int]]:
        """(block, position, in, out of that block)."""
        positions = weight.reshape(16, CHANNELS, CHANNELS).transpose(0, 2, 1).reshape(1, -1, CHANNELS)
        return _in_blocks(positions + offset, blocks)

    return Kernel(
        template="winograd",
        rows_at_once=2,
        weight_type="uint8_t",
        pack=pack,
        transformed_type="uint16_t" if offset else "int16_t",
        transformed=frozenset(transformed),
        pack_transformed=pack_transformed,
        blocks=blocks,
        loops=loops,
    )


#: Channels in the order in which SXTB16 unpacks four bytes to pairs; the last one is alone.
_UNPACKED = (0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11)


def _vectors_in_words(vectors: Weights) -> list[list[int]]:
    """(vector, out, in) to words for SMLAD: (half, vector, pair of inputs, out of that half), then the last input's."""
    return [_vector_words(vector[list(half)]) for half in _HALVES for vector in vectors]


def _vector_words(vector: Weights) -> list[int]:
    """(out, 13) to words, the first of each pair in the lower half."""
    pairs = vector[:, _UNPACKED].reshape(len(vector), -1, 2).transpose(1, 0, 2)
    last = np.append(vector[:, -1], [0] * (len(vector) % 2))
    return _words(np.concatenate([pairs.ravel(), last]))


def _taps_in_words(weight: Weights) -> list[list[int]]:
    """A vector for every tap; of a single input channel, per output channel three outer pairs and the middle taps."""
    outs, kernel, _, channels = weight.shape
    if channels == 1:
        return [_words([tap for row in taps for tap in row[::2]] + [*taps[:, 1], 0]) for taps in weight[..., 0]]
    return _vectors_in_words(weight.reshape(outs, kernel * kernel, channels).transpose(1, 0, 2))


def _words(halfwords: Sequence[int] | Weights) -> list[int]:
    """Signed 16-bit numbers to words, the first of each pair in the lower half."""
    pairs = np.asarray(halfwords, np.int64).reshape(-1, 2) & 0xFFFF
    return (pairs[:, 0] | pairs[:, 1] << 16).tolist()


#: Bytes of a Helium vector, and the channels of a pixel in it; the bytes behind them get weights of zero.
_HELIUM_LANES = 16


def _in_vectors(weight: Weights) -> list[list[int]]:
    """Vectors of one tap, (out, tap, 16). A 3x3 convolution of 13 channels has them in pairs of outputs.

    Such a pair is (row, out of the pair, band, 16); the last output, which has no partner, is (row, band, 16). The nine
    taps of an image's single channel are one vector, each row of them followed by a zero.
    """
    kernel, channels = weight.shape[1], weight.shape[3]
    if channels == 1:
        weight = np.pad(weight, ((0, 0), (0, 0), (0, 1), (0, 0))).reshape(CHANNELS, 1, 1, -1)
    vectors = np.pad(weight, ((0, 0), (0, 0), (0, 0), (0, _HELIUM_LANES - weight.shape[3])))
    if channels == 1 or kernel == 1:
        return vectors.reshape(CHANNELS, -1).tolist()
    pairs = vectors[:-1].reshape(CHANNELS // 2, 2, *vectors.shape[1:]).transpose(0, 2, 1, 3, 4)
    return [*pairs.reshape(CHANNELS // 2, -1).tolist(), vectors[-1].ravel().tolist()]


KERNELS: dict[KernelName, Kernel] = {
    "plain": Kernel(rows_at_once=1, weight_type="int8_t", pack=_by_output),
    # GCC keeps 7 sums in 14 or 16 registers, and 13 in 31. 48 KB of flash decide how many layers are transformed.
    "armv7m": _portable((7, 6), transformed=_TWO_PAIRS),
    "armv6m": _portable((7, 6), transformed=TRUNK[1:], loops="armv6m", offset=2048),
    "xtensa": _portable((7, 6), transformed=("conv2", "conv3", "conv4")),
    "rv32im": _portable((13,), transformed=_TWO_PAIRS),
    "dsp": Kernel(
        rows_at_once=2,
        weight_type="uint32_t",
        pack=_taps_in_words,
        transformed_type="uint32_t",
        transformed=frozenset(_TWO_PAIRS),
        pack_transformed=lambda weight: _vectors_in_words(weight.reshape(16, CHANNELS, CHANNELS)),
    ),
    "avx2": Kernel(rows_at_once=1, weight_type="int16_t", pack=by_lane(2)),
    "avx512vnni": Kernel(rows_at_once=1, weight_type="uint8_t", pack=by_lane(4, offset=128)),
    "neon": Kernel(rows_at_once=1, weight_type="int8_t", pack=by_lane(4, groups_at_once=2)),
    "helium": Kernel(rows_at_once=1, weight_type="int8_t", pack=_in_vectors, weight_alignment=4, pools=True),
}
