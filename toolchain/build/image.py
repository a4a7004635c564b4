"""From the ELF file to what the target's flasher takes."""

from toolchain.build.boot_loader import seal_boot_loader
from toolchain.build.compiler import Compiler
from toolchain.build.esp_image import make_esp_image
from toolchain.build.uf2 import to_uf2
from toolchain.target import EspImage, PlainImage, Target, Uf2Image

#: objcopy's name for a format.
_OBJCOPY = {"bin": "binary", "hex": "ihex"}


def make_image(target: Target, compiler: Compiler, elf: str) -> str:
    """Write the image beside the ELF file and return its name.

    Args:
        target: whose image format it is.
        compiler: the one that made the ELF file, in its folder.
        elf: the ELF file's name; a boot loader in it gets its checksum.

    Raises:
        BuildError: if it cannot be made.
    """
    if target.memory is not None and target.memory.boot_loader_bytes:
        seal_boot_loader(compiler.folder / elf)
    match target.image:
        case PlainImage(format=file_format):
            return elf if target.memory is None or file_format == "elf" else _convert(compiler, elf, file_format)
        case Uf2Image(family_id=family_id):
            return _uf2_image(target, compiler, elf, family_id)
        case EspImage():
            return make_esp_image(target.image, compiler.folder, elf)


def _convert(compiler: Compiler, elf: str, file_format: str) -> str:
    image = f"firmware.{file_format}"
    compiler.convert(elf, _OBJCOPY[file_format], image)
    return image


def _uf2_image(target: Target, compiler: Compiler, elf: str, family_id: int) -> str:
    assert target.memory is not None
    flat = compiler.folder / _convert(compiler, elf, "bin")
    image = flat.with_suffix(".uf2")
    image.write_bytes(to_uf2(flat.read_bytes(), target.memory.flash.origin, family_id))
    flat.unlink()
    return image.name
