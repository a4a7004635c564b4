"""The layers of the boards' kernels against the reference, bit for bit, at the limits of a student."""

from pathlib import Path

import numpy as np
import pytest

from tests.codegen.compiled import DRIVER
from tests.codegen.kernel_program import Fill, KernelProgram
from tests.codegen.program import EMULATED, Program
from tests.extreme_students import EXTREMES, Edit, edited_student
from tests.random_student import random_student
from toolchain.codegen.engine import ENGINE_FILES, generate_engine
from toolchain.model_names import MODELS
from toolchain.reference.engine import run
from toolchain.target.schema import KernelName

#: In portable C: on this computer, under the sanitizers. The others run in an emulator.
PORTABLE: tuple[KernelName, ...] = ("plain", "armv7m", "xtensa", "rv32im")
BOARDS: tuple[KernelName, ...] = (*PORTABLE, *EMULATED)

_rng = np.random.default_rng(0)
TENSORS: dict[str, Fill] = {
    "bottom": lambda shape: np.full(shape, -128, np.int8),
    "top": lambda shape: np.full(shape, 127, np.int8),
    "ends": lambda shape: _rng.choice(np.array([-128, 127], np.int8), shape),
    "small": lambda shape: _rng.integers(-3, 4, shape).astype(np.int8),
    "random": lambda shape: _rng.integers(-128, 128, shape).astype(np.int8),
}


@pytest.mark.parametrize("kernel", BOARDS)
@pytest.mark.parametrize("edit", EXTREMES.values(), ids=EXTREMES)
def test_every_layer_equals_the_reference(kernel: KernelName, edit: Edit, tmp_path: Path) -> None:
    program = KernelProgram(edited_student(edit), kernel, tmp_path)
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
def test_every_layers_rows_of_a_window(
    kernel: KernelName, model: str, tmp_path: Path, speech_clips: list[np.ndarray]
) -> None:
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
