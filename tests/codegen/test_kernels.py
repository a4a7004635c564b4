"""The layers of the boards' kernels against the reference, bit for bit, at the limits of a student."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.codegen.compiled import DRIVER
from tests.codegen.kernel_program import Fill, KernelProgram
from tests.codegen.program import EMULATED, Program
from tests.random_student import random_student
from toolchain.codegen.engine import ENGINE_FILES, generate_engine
from toolchain.model_names import MODELS
from toolchain.quantize.student import TRUNK, ConvLayer, Quantization, QuantizedStudent
from toolchain.quantize.student_check import check_backbone
from toolchain.reference.engine import run
from toolchain.target.schema import KernelName

LARGEST_BIAS = 2**28 - 1

#: In portable C: on this computer, under the sanitizers. The others run in an emulator.
PORTABLE: tuple[KernelName, ...] = ("plain", "armv7m", "xtensa", "rv32im")
BOARDS: tuple[KernelName, ...] = (*PORTABLE, *EMULATED)


def student_with(edit) -> QuantizedStudent:
    """A random student of which ``edit`` changed each layer; each layer's input is then the one before's output."""
    student = random_student("wav2small-17k")
    layers: list[ConvLayer] = []
    source = student.backbone.input
    for number, layer in enumerate(student.backbone.layers):
        rng = np.random.default_rng(number)
        trunk = number < len(TRUNK)
        edited = replace(edit(layer, rng), input=source)
        if trunk:
            edited = replace(edited, activation_min=edited.output.zero_point)
            source = edited.output
        layers.append(edited)
    backbone = replace(student.backbone, layers=tuple(layers))
    check_backbone(backbone, ("lin", "sof"))
    return replace(student, backbone=backbone)


def zero_point(value: int):
    return lambda layer, _: replace(layer, output=Quantization(0.1, value))


def saturated(sign: int):
    """The largest sums there can be, and no shift."""
    return lambda layer, _: replace(
        layer,
        weight=np.full_like(layer.weight, 127 * sign),
        bias=np.full(13, sign * LARGEST_BIAS, np.int32),
        multiplier=np.full(13, 2**31 - 1, np.int32),
        shift=np.zeros(13, np.int32),
    )


def any_shift(layer: ConvLayer, rng: np.random.Generator) -> ConvLayer:
    """Shifts from none to the largest, zero points and biases of any size."""
    return replace(
        layer,
        bias=(2.0 ** rng.uniform(0, 28, 13) * rng.choice([-1, 1], 13)).astype(np.int32),
        multiplier=rng.integers(2**30, 2**31, 13).astype(np.int32),
        shift=-rng.permutation(np.linspace(0, 31, 13).astype(np.int32)),
        output=Quantization(0.1, int(rng.integers(-128, 100))),
        activation_max=int(rng.integers(100, 128)),
    )


def ties(layer: ConvLayer, rng: np.random.Generator) -> ConvLayer:
    """Halves of a step on both sides of zero: a factor of 1/16, sums of a few steps."""
    return replace(
        layer,
        weight=rng.integers(-1, 2, layer.weight.shape).astype(np.int8),
        bias=rng.integers(-64, 64, 13).astype(np.int32),
        multiplier=np.full(13, 2**30, np.int32),
        shift=np.full(13, -3, np.int32),
        output=Quantization(0.1, int(rng.integers(-10, 10))),
    )


STUDENTS = {
    "random": lambda layer, _: layer,
    "zero point at the bottom": zero_point(-128),
    "zero point at the top": zero_point(127),
    "largest sums": saturated(1),
    "smallest sums": saturated(-1),
    "any shift": any_shift,
    "ties": ties,
}

_rng = np.random.default_rng(0)
TENSORS: dict[str, Fill] = {
    "bottom": lambda shape: np.full(shape, -128, np.int8),
    "top": lambda shape: np.full(shape, 127, np.int8),
    "ends": lambda shape: _rng.choice(np.array([-128, 127], np.int8), shape),
    "small": lambda shape: _rng.integers(-3, 4, shape).astype(np.int8),
    "random": lambda shape: _rng.integers(-128, 128, shape).astype(np.int8),
}


@pytest.mark.parametrize("kernel", BOARDS)
@pytest.mark.parametrize("edit", STUDENTS.values(), ids=STUDENTS)
def test_every_layer_equals_the_reference(kernel, edit, tmp_path: Path) -> None:
    program = KernelProgram(student_with(edit), kernel, tmp_path)
    steps = [step for fill in TENSORS.values() for _ in range(3) for step in program.steps(fill)]
    made, expected = program.run(steps), program.expected(steps)
    wrong = {
        program.student.backbone.layers[number].name
        for (number, _), got, want in zip(steps, made, expected, strict=True)
        if not np.array_equal(got, want)
    }
    assert not wrong


@pytest.mark.parametrize("kernel", BOARDS)
@pytest.mark.parametrize("model", MODELS)
def test_every_layers_rows_of_a_window(kernel, model: str, tmp_path: Path, speech_clips: list[np.ndarray]) -> None:
    student = random_student(model)
    for name, text in generate_engine(student, kernel).items():
        (tmp_path / name).write_text(text)
    sources = [tmp_path / name for name in ENGINE_FILES if name.endswith(".c")]
    program = Program([DRIVER, *sources], kernel, tmp_path)
    pcm = speech_clips[0][:3_999]  # an odd number of rows: the last pool window is cut off
    trace = run(student, pcm)
    for number, layer in enumerate(student.layer_names):
        done = program.run(pcm.astype("<i2").tobytes(), number, 320)
        assert done.stderr == trace.rows[layer].tobytes(), layer
        assert np.array_equal(np.frombuffer(done.stdout, np.int32), trace.output)
