"""From a `QuantizedStudent` and a target to a firmware image within the target's budget."""

from toolchain.build.exact_copy import exact_copy
from toolchain.build.firmware import BuildResult, build_firmware, identify, read_build
from toolchain.build.idf_project import Project, read_project, write_project
from toolchain.build.sizes import Section, Sizes

__all__ = [
    "BuildResult",
    "Project",
    "Section",
    "Sizes",
    "build_firmware",
    "exact_copy",
    "identify",
    "read_build",
    "read_project",
    "write_project",
]
