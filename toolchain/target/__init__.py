"""Targets are data: ``targets/<name>.toml``, checked against a schema when loaded."""

from toolchain.target.load import load_target, read_target, target_names
from toolchain.target.schema import (
    DEFAULT_BAUD,
    HOST_MICROPHONE,
    NO_WATCHDOG,
    Budget,
    Emulator,
    EspImage,
    Flasher,
    Image,
    Memory,
    PlainImage,
    Power,
    Region,
    Target,
    Uf2Image,
)

__all__ = [
    "DEFAULT_BAUD",
    "HOST_MICROPHONE",
    "NO_WATCHDOG",
    "Budget",
    "Emulator",
    "EspImage",
    "Flasher",
    "Image",
    "Memory",
    "PlainImage",
    "Power",
    "Region",
    "Target",
    "Uf2Image",
    "load_target",
    "read_target",
    "target_names",
]
