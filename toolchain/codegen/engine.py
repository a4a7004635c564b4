"""Generate the streaming engine of one student."""

from dataclasses import fields

from toolchain.codegen.context import engine_context
from toolchain.codegen.kernels import KERNELS
from toolchain.codegen.render import render
from toolchain.quantize.student import QuantizedStudent
from toolchain.target.schema import KernelName

#: Generated files; each comes from ``firmware_templates/engine/<name>.j2``, but for `KERNEL_FILE`.
ENGINE_FILES = (
    "wav2small.h",
    "wav2small.c",
    "w2s_internal.h",
    "w2s_arithmetic.h",
    "w2s_rescale.h",
    "w2s_lanes.h",
    "w2s_fixed_point.h",
    "w2s_frontend.c",
    "w2s_logmel.c",
    "w2s_backbone.c",
    "w2s_kernel.h",
    "w2s_kernel.c",
    "w2s_attention.c",
    "w2s_head.c",
    "w2s_tables.h",
    "w2s_tables.c",
)


#: Comes from ``firmware_templates/engine/kernels/<kernel>.c.j2``.
KERNEL_FILE = "w2s_kernel.c"


def generate_engine(student: QuantizedStudent, kernel: KernelName = "plain") -> dict[str, str]:
    """Return the engine's C11 sources by file name; the same student and kernel give the same text."""
    context = engine_context(student, KERNELS[kernel])
    variables = {field.name: getattr(context, field.name) for field in fields(context)}
    templates = {name: f"engine/{name}.j2" for name in ENGINE_FILES}
    templates[KERNEL_FILE] = f"engine/kernels/{KERNELS[kernel].template or kernel}.c.j2"
    return {name: render(template, **variables) for name, template in templates.items()}
