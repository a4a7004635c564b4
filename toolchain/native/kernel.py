"""The kernel for this computer: the fastest one whose instructions its CPU has."""

import re

from toolchain.native.library import cpu_macros
from toolchain.target.schema import KernelName

#: Best first, with what GCC and Clang predefine where the CPU has the instructions.
_NEEDS: tuple[tuple[KernelName, tuple[str, ...]], ...] = (
    ("avx512vnni", ("__AVX512F__", "__AVX512BW__", "__AVX512VL__", "__AVX512VNNI__")),
    ("avx2", ("__AVX2__",)),
    ("neon", ("__aarch64__", "__ARM_NEON", "__ARM_FEATURE_DOTPROD")),
    ("plain", ()),
)

#: Kernels of computers, the fastest first.
HOST_KERNELS = tuple(kernel for kernel, _ in _NEEDS)


def native_kernels() -> tuple[KernelName, ...]:
    """Return the kernels that run on this computer, the fastest first; "plain" is always among them.

    Raises:
        MissingToolError: The host's C compiler, which knows the CPU, is not installed.
    """
    present = set(re.findall(r"^#define (\w+)", cpu_macros(), re.MULTILINE))
    return tuple(kernel for kernel, needed in _NEEDS if present.issuperset(needed))
