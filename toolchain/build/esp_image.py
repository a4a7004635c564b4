"""The image that the ROM of an Espressif chip loads into RAM, made by esptool.

esptool runs as a process of its own: it is a program, under another licence, not a library of ours.
"""

import re
import subprocess
import sys
from pathlib import Path

from toolchain.errors import BuildError
from toolchain.target import EspImage

#: What esptool says before the reason.
_REASON = re.compile(r"fatal error occurred: (.+)|[Ii]nvalid value for (.+)")

_IMAGE = "firmware.bin"


def make_esp_image(image: EspImage, folder: Path, elf: str) -> str:
    """Convert an ELF file to an application image with checksum and SHA-256 digest; return the image's name.

    Args:
        image: the chip and the flash it is for.
        folder: where ``elf`` is and the image goes; esptool runs there, so that no path gets into the image.
        elf: the ELF file's name.

    Raises:
        BuildError: if esptool makes none, with its reason.
    """
    command = [
        *(sys.executable, "-m", "esptool", "--chip", image.chip, "elf2image"),
        *("--flash-mode", image.flash_mode, "--flash-freq", image.flash_freq, "--flash-size", image.flash_size),
        *("--output", _IMAGE, elf),
    ]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        raise BuildError(
            f"esptool made no image for {image.chip}: {_reason(done.stdout + done.stderr)}",
            f"the whole command was: {' '.join(command[1:])}",
        )
    return _IMAGE


def _reason(output: str) -> str:
    found = _REASON.search(output)
    return next(part for part in found.groups() if part) if found else output.strip() or "no message"
