"""The generated engine on this computer: compiled by its C compiler, loaded into Python, equal to the reference."""

from toolchain.native.backbone import NativeBackbone
from toolchain.native.engine import NativeEngine
from toolchain.native.outputs import int8_outputs

__all__ = ["NativeBackbone", "NativeEngine", "int8_outputs"]
