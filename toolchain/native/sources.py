"""The C of the libraries: the whole engine, the same with a measure of its stack, and the backbone alone."""

from dataclasses import fields

from toolchain.codegen.context import engine_context
from toolchain.codegen.engine import generate_engine
from toolchain.codegen.kernels import KERNELS
from toolchain.codegen.render import render
from toolchain.quantize.student import QuantizedStudent
from toolchain.target.schema import KernelName

#: What the backbone is compiled from, beside the headers.
_BACKBONE = ("w2s_backbone.c", "w2s_kernel.c", "w2s_tables.c")


def engine_sources(student: QuantizedStudent, kernel: KernelName) -> dict[str, str]:
    """Return the files of a library with the functions of ``w2s_native.h``."""
    return {**generate_engine(student, kernel), **_rendered(student, kernel, "w2s_native.h", "w2s_native.c")}


def stack_sources(student: QuantizedStudent, kernel: KernelName) -> dict[str, str]:
    """Return the files of a library that also measures the stack of a window, on POSIX threads."""
    return {**engine_sources(student, kernel), **_rendered(student, kernel, "w2s_native_stack.c")}


def backbone_sources(student: QuantizedStudent, kernel: KernelName) -> dict[str, str]:
    """Return the files of a library that runs the backbone from the image to its outputs."""
    engine = generate_engine(student, kernel).items()
    parts = {name: text for name, text in engine if name in _BACKBONE or name.endswith(".h")}
    return {**parts, **_rendered(student, kernel, "w2s_native_backbone.c")}


def _rendered(student: QuantizedStudent, kernel: KernelName, *names: str) -> dict[str, str]:
    context = engine_context(student, KERNELS[kernel])
    variables = {field.name: getattr(context, field.name) for field in fields(context)}
    return {name: render(f"native/{name}.j2", **variables) for name in names}
