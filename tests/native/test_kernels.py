"""Every kernel of this CPU against the reference, on random and extreme tensors, under the sanitizers."""

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from tests.builds import need
from tests.codegen.compiled import SANITIZED, STRICT
from tests.extreme_students import EXTREMES, Edit, edited_student
from toolchain.codegen.kernels import KERNELS
from toolchain.native.kernel import HOST_KERNELS, native_kernels
from toolchain.native.sources import backbone_sources
from toolchain.quantize.student import ConvLayer, QuantizedStudent
from toolchain.reference.backbone import run_backbone

DRIVER = Path(__file__).parent / "backbone_driver.c"
ROWS = 23


def no_relu(layer: ConvLayer, rng: np.random.Generator) -> ConvLayer:
    """Zero points anywhere, the top included, and clamps on either side of them."""
    low, high = sorted(rng.choice(np.arange(-128, 128), 2, replace=False))
    narrow = bool(rng.random() < 0.5)
    zero_point = int(rng.choice([-7, 0, 50, 127]))
    return replace(
        layer,
        output=replace(layer.output, zero_point=zero_point),
        activation_min=int(low) if narrow else -128,
        activation_max=int(high) if narrow else 127,
    )


def no_clamp(layer: ConvLayer, rng: np.random.Generator) -> ConvLayer:
    """Zero points at the top, so that all of a layer's values are below it."""
    return replace(layer, output=replace(layer.output, zero_point=127), activation_min=-128)


#: Edits, and whether the layers have their ReLU: these kernels bear more than a student may have.
STUDENTS = {
    **{name: (edit, True) for name, edit in EXTREMES.items()},
    "no ReLU": (no_relu, False),
    "no clamp and zero point at the top": (no_clamp, False),
}


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
@pytest.mark.parametrize(("edit", "relu"), STUDENTS.values(), ids=STUDENTS)
def test_equal_on_random_and_extreme_tensors(edit: Edit, relu: bool, kernel: str, tmp_path: Path) -> None:
    machine, student = machine_for(kernel), edited_student(edit, relu=relu)
    expected = [run_backbone(image, student.backbone) for image in images()]
    content = b"".join(image.tobytes() for image in images())
    command = [*machine.runner, build(student, kernel, machine, tmp_path), str(ROWS)]
    done = subprocess.run(command, input=content, capture_output=True)
    assert done.returncode == 0, done.stderr[-600:]
    assert done.stdout == b"".join(rows[name].tobytes() for rows in expected for name in ("lin", "sof"))
