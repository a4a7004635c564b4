"""Builds and boards for flasher tests: what a flasher reads of a build is its image and its folder."""

from dataclasses import replace
from pathlib import Path

from tests.builds import build_once
from toolchain.build import BuildResult
from toolchain.target import Flasher, Image, Target, load_target


def board_with(*flashers: Flasher, base: str = "stm32f405", image: Image | None = None, **changes) -> Target:
    """A target with these flashers, and this image format where it is not the base's own."""
    formats = {"image": image} if image else {}
    return load_target(base).model_copy(update={"flashers": list(flashers), **formats, **changes})


def build_of(image: Path, elf: Path | None = None) -> BuildResult:
    """The host's build, with this file as its image and the file's folder as its own."""
    build = build_once("host", "wav2small-17k")
    return replace(build, folder=image.parent, image=image, elf=elf or build.elf)
