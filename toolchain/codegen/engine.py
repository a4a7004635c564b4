"""Generate the streaming engine of one student."""

from dataclasses import fields

from toolchain.codegen.context import engine_context
from toolchain.codegen.render import render
from toolchain.quantize.student import QuantizedStudent

#: Generated files; each comes from ``firmware_templates/engine/<name>.j2``.
ENGINE_FILES = (
    "wav2small.h",
    "wav2small.c",
    "w2s_internal.h",
    "w2s_fixed_point.c",
    "w2s_frontend.c",
    "w2s_backbone.c",
    "w2s_head.c",
    "w2s_tables.h",
    "w2s_tables.c",
)


def generate_engine(student: QuantizedStudent) -> dict[str, str]:
    """Return the engine's C11 sources by file name; the same student gives the same text."""
    context = engine_context(student)
    variables = {field.name: getattr(context, field.name) for field in fields(context)}
    return {name: render(f"engine/{name}.j2", **variables) for name in ENGINE_FILES}
