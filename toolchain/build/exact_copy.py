"""A copy of an image that nobody else writes to, so that what was checked is what is used."""

import dataclasses
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolchain.build.firmware import BuildResult
from toolchain.errors import UsageError
from toolchain.files import naming, read_bounded

#: An ELF file with everything for a debugger has some MB.
_MOST_IMAGE = 1 << 30


@contextmanager
def exact_copy(build: BuildResult) -> Iterator[BuildResult]:
    """Yield the build with its image and ELF in a folder of this process's own; it is gone afterwards.

    Each file is read once: the bytes that are compared with the manifest in memory are those that are written.

    Raises:
        UsageError: if a file has been changed since the build was read.
        OSError: if one cannot be read or written.
    """
    with tempfile.TemporaryDirectory(prefix="toolchain-image-") as folder:
        copies = {path: _copy(build, path, Path(folder)) for path in {build.image, build.elf}}
        yield dataclasses.replace(build, image=copies[build.image], elf=copies[build.elf])


def _copy(build: BuildResult, path: Path, folder: Path) -> Path:
    content = read_bounded(path, _MOST_IMAGE)
    if hashlib.sha256(content).hexdigest() != build.manifest["files"].get(path.name):
        raise UsageError(f"{path} is not what the build made", "run 'toolchain build' again")
    copy = folder / path.name
    with naming(copy):  # it may be another disk that is full
        copy.write_bytes(content)
    copy.chmod(path.stat().st_mode)  # the host's image is executed
    return copy
