"""From the ELF file to what the target's flasher takes."""

from toolchain.build.compiler import Compiler
from toolchain.errors import BuildError
from toolchain.target import PlainImage, Target

#: objcopy's name for a format.
_OBJCOPY = {"bin": "binary", "hex": "ihex"}


def make_image(target: Target, compiler: Compiler, elf: str) -> str:
    """Write the image beside the ELF file and return its name.

    Args:
        target: whose image format it is.
        compiler: the one that made the ELF file, in its folder.
        elf: the ELF file's name.

    Raises:
        BuildError: if it cannot be made.
    """
    if not isinstance(target.image, PlainImage):
        raise BuildError(f"{target.name}: images of the format '{target.image.format}' cannot be made yet")
    if target.memory is None or target.image.format == "elf":
        return elf
    image = f"firmware.{target.image.format}"
    compiler.convert(elf, _OBJCOPY[target.image.format], image)
    return image
