"""Every kernel of this CPU against the reference, on random and extreme tensors, under the sanitizers."""

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from tests.builds import need
from tests.codegen.compiled import SANITIZED, STRICT
from tests.random_student import random_student
from toolchain.codegen.kernels import KERNELS
from toolchain.native.kernel import HOST_KERNELS, native_kernels
from toolchain.native.sources import backbone_sources
from toolchain.quantize.student import ConvLayer, QuantizedStudent
from toolchain.reference.backbone import run_backbone

DRIVER = Path(__file__).parent / "backbone_driver.c"
ROWS = 23
LARGEST_BIAS = 2**28 - 1


def with_layers(change: Callable[[ConvLayer, np.random.Generator], dict[str, object]]) -> QuantizedStudent:
    """A student whose layers are changed; what one puts out, the next takes in."""
    student = random_student("wav2small-17k", seed=3)
    rng = np.random.default_rng(4)
    layers: list[ConvLayer] = []
    source = student.backbone.input
    for layer in student.backbone.layers:
        changed = replace(layer, **{"input": source, **change(layer, rng)})
        layers.append(changed)
        source = changed.output if layer.name.startswith("conv") else source
    return replace(student, backbone=replace(student.backbone, layers=tuple(layers)))


def as_it_is(layer: ConvLayer, rng: np.random.Generator) -> dict[str, object]:
    return {}


def largest_weights(layer: ConvLayer, rng: np.random.Generator) -> dict[str, object]:
    sign = rng.choice([-1, 1], layer.bias.shape)
    weight = np.where(rng.random(layer.weight.shape) < 0.5, -128, 127)
    weight[:4] = np.array([-128, -128, 127, 127])[:, None, None, None]
    return {"weight": weight.astype(np.int8), "bias": (sign * 2_000_000).astype(np.int32)}


def saturating_biases(layer: ConvLayer, rng: np.random.Generator) -> dict[str, object]:
    """Sums from one end to the other, and shifts that leave something of them."""
    bias = rng.integers(-LARGEST_BIAS, LARGEST_BIAS, layer.bias.shape)
    bias[:2] = -LARGEST_BIAS, LARGEST_BIAS
    return {"bias": bias.astype(np.int32), "shift": rng.integers(-23, -17, layer.shift.shape).astype(np.int32)}


def every_shift(layer: ConvLayer, rng: np.random.Generator) -> dict[str, object]:
    """From none to the largest, with the least and the largest multiplier; biases keep the sums on both sides of 0."""
    multiplier = rng.choice([2**30, 2**30 + 1, 2**31 - 1], layer.multiplier.shape)
    return {
        "shift": -rng.permutation([0, 0, 0, 1, 1, 2, 3, 4, 7, 8, 15, 30, 31]).astype(np.int32),
        "multiplier": multiplier.astype(np.int32),
    }


def no_relu(layer: ConvLayer, rng: np.random.Generator) -> dict[str, object]:
    """Zero points anywhere, both ends included, and clamps on either side of them."""
    zero_point = int(rng.choice([-128, -7, 0, 50, 127]))
    low, high = sorted(rng.choice(np.arange(-128, 128), 2, replace=False))
    narrow = bool(rng.random() < 0.5)
    return {
        "output": replace(layer.output, zero_point=zero_point),
        "activation_min": int(low) if narrow else -128,
        "activation_max": int(high) if narrow else 127,
    }


def zero_points_at_the_top(layer: ConvLayer, rng: np.random.Generator) -> dict[str, object]:
    return {"output": replace(layer.output, zero_point=127), "activation_min": -128}


def relu_anywhere(layer: ConvLayer, rng: np.random.Generator) -> dict[str, object]:
    zero_point = int(rng.integers(-128, 100))
    return {"output": replace(layer.output, zero_point=zero_point), "activation_min": zero_point, "activation_max": 110}


CHANGES = (
    as_it_is, largest_weights, saturating_biases, every_shift, no_relu, zero_points_at_the_top, relu_anywhere
)  # fmt: skip


def images() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    noise = rng.integers(-128, 128, (ROWS, 26))
    ends = np.where(rng.random((ROWS, 26)) < 0.5, -128, 127)
    return [image.astype(np.int8) for image in (noise, ends, np.full((ROWS, 26), -128), np.full((ROWS, 26), 127))]


class Machine(NamedTuple):
    """Compiler and flags, and what runs the program."""

    compiler: str
    flags: Sequence[str]
    runner: Sequence[str] = ()


THIS_COMPUTER = Machine("gcc", [*SANITIZED, "-march=native"])
#: Elsewhere the kernel for AArch64 is emulated. There is no library of the sanitizer then: it traps.
_TRAPS = ["-O1", "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]
EMULATED = {
    "neon": Machine(
        "aarch64-linux-gnu-gcc",
        [*_TRAPS, "-march=armv8.2-a+dotprod", "-static"],
        ["qemu-aarch64", "-cpu", "max"],
    )
}


def machine_for(kernel: str) -> Machine:
    need("gcc")
    if kernel in native_kernels():
        return THIS_COMPUTER
    if kernel not in EMULATED:
        pytest.skip(f"this CPU has not the instructions of {kernel}")
    machine = EMULATED[kernel]
    need(machine.compiler)
    need(machine.runner[0])
    return machine


def build(student: QuantizedStudent, kernel: str, machine: Machine, folder: Path) -> Path:
    for name, text in backbone_sources(student, kernel).items():
        (folder / name).write_text(text)
    program = folder / "backbone"
    command = [machine.compiler, *STRICT, *machine.flags, f"-I{folder}", "-o", program, DRIVER, *folder.glob("*.c")]
    subprocess.run(command, check=True)
    return program


def test_all_kernels_for_computers_are_here() -> None:
    assert set(HOST_KERNELS) <= set(KERNELS)
    need("gcc")
    assert native_kernels()[-1] == "plain"


@pytest.mark.parametrize("kernel", HOST_KERNELS)
@pytest.mark.parametrize("change", CHANGES)
def test_equal_on_random_and_extreme_tensors(change, kernel: str, tmp_path: Path) -> None:
    machine = machine_for(kernel)
    student = with_layers(change)
    expected = [run_backbone(image, student.backbone) for image in images()]
    content = b"".join(image.tobytes() for image in images())
    command = [*machine.runner, build(student, kernel, machine, tmp_path), str(ROWS)]
    done = subprocess.run(command, input=content, capture_output=True)
    assert done.returncode == 0, done.stderr[-600:]
    assert done.stdout == b"".join(rows[name].tobytes() for rows in expected for name in ("lin", "sof"))
