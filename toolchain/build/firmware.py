"""Build one image: sources, objects, ELF, binary, sizes, budget, manifest."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from toolchain.build.budget import check_budget
from toolchain.build.compiler import Compiler
from toolchain.build.folder import new_build, no_build, read_manifest, write_manifest
from toolchain.build.image import make_image
from toolchain.build.image_crc import seal_image
from toolchain.build.sizes import Sizes, measure
from toolchain.build.sources import (
    BUILD_ID_FILE,
    DIGEST_BYTES,
    LINKER_SCRIPT,
    PROFILE_LINK_FLAGS,
    build_id,
    build_id_source,
    firmware_sources,
)
from toolchain.quantize.student import QuantizedStudent
from toolchain.target import Target

ELF = "firmware.elf"

_BUILD = "toolchain build"
_DIGEST = rf"^[0-9a-f]{{{2 * DIGEST_BYTES}}}$"


@dataclass(frozen=True)
class BuildResult:
    """One finished build.

    Attributes:
        folder: where it lies: ``src/``, the image, its map and ``manifest.json``.
        image: what a flasher writes, in the target's image format.
        elf: the ELF file, which emulators and debuggers take.
        sizes: bytes of flash and RAM.
        build_id: 8 bytes; the board's hello must carry the same.
        model_hash: 8 bytes of the student's digest, likewise.
        image_crc: CRC-32 of code and constants, which the board computes too; None where it has no such image.
        manifest: the content of ``manifest.json``.
    """

    folder: Path
    image: Path
    elf: Path
    sizes: Sizes
    build_id: bytes
    model_hash: bytes
    image_crc: int | None
    manifest: dict[str, Any]


class _Facts(BaseModel):
    """What is used of a manifest, which may have come from anywhere. It has more."""

    target: str
    model: str
    compiler: str
    image: str
    image_crc: int | None = Field(ge=0, lt=1 << 32)
    build_id: str = Field(pattern=_DIGEST)
    model_hash: str = Field(pattern=_DIGEST)
    sizes: Sizes


def build_firmware(
    student: QuantizedStudent,
    target: Target,
    out: Path,
    progress: Callable[[str], None] = lambda source: None,
    *,
    profiled: bool = False,
) -> BuildResult:
    """Build the image of ``student`` for ``target`` in the folder ``out``; other files there are left alone.

    Args:
        student: the deployed model.
        target: the board.
        out: by custom ``build/<target>/<model>``.
        progress: called with the name of each source before it is compiled.
        profiled: whether the image counts its ticks by layer. That takes bytes which no budget allows for, so it is
            held against the memory alone.

    Raises:
        MissingToolError: if the compiler is not installed.
        BuildError: if a source does not compile, or the image exceeds the target's budget. ``out`` is then as
            it was before.
    """
    with new_build(out) as work:
        _build(student, target, work, progress, profiled)
    return read_build(out)


def identify(student: QuantizedStudent, target: Target) -> bytes:
    """Return the id that an image built now would have, without building it: 8 bytes.

    Raises:
        MissingToolError: if the compiler is not installed.
        BuildError: if the target names a board folder or driver that does not exist.
    """
    return _identity(firmware_sources(student, target), Compiler(target, Path()))


def read_build(folder: Path) -> BuildResult:
    """Read a build back from its folder.

    Raises:
        UsageError: if there is no complete build, or a file of it has been changed since.
    """
    manifest = read_manifest(folder, _BUILD)
    try:
        return _from_manifest(folder, manifest)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise no_build(folder, _BUILD) from error


def _from_manifest(folder: Path, manifest: dict[str, Any]) -> BuildResult:
    facts = _Facts.model_validate(manifest)
    if not {facts.image, ELF} <= set(manifest["files"]):
        raise ValueError("its image is not among its files")
    return BuildResult(
        folder=folder,
        image=folder / facts.image,
        elf=folder / ELF,
        sizes=facts.sizes,
        build_id=bytes.fromhex(facts.build_id),
        model_hash=bytes.fromhex(facts.model_hash),
        image_crc=facts.image_crc,
        manifest=manifest,
    )


def _identity(sources: Mapping[str, str], compiler: Compiler) -> bytes:
    return build_id(sources, (*compiler.flags, *compiler.link_flags, compiler.version))


def _build(
    student: QuantizedStudent, target: Target, work: Path, progress: Callable[[str], None], profiled: bool
) -> None:
    compiler = Compiler(target, work, PROFILE_LINK_FLAGS if profiled else ())
    sources = firmware_sources(student, target, profiled=profiled)
    identity = _identity(sources, compiler)
    sources[BUILD_ID_FILE] = build_id_source(identity, student)
    for name, text in sources.items():
        path = work / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    objects = []
    for name in sorted(name for name in sources if name.endswith(".c")):
        progress(name)
        objects.append(compiler.compile(name))
    compiler.link(objects, LINKER_SCRIPT if LINKER_SCRIPT in sources else None, ELF)
    shutil.rmtree(work / "obj")
    image_crc = seal_image(work / ELF)
    image = make_image(target, compiler, ELF)

    sizes = measure(work / ELF, (work / ELF).with_suffix(".map"), target.memory)
    if not profiled:
        check_budget(sizes, target, student.model)
    facts = {
        "target": target.name,
        "model": student.model,
        "model_hash": student.digest()[:DIGEST_BYTES].hex(),
        "student": student.digest().hex(),
        "build_id": identity.hex(),
        "image": image,
        "image_crc": image_crc,
        "compiler": compiler.version,
        "flags": compiler.flags,
        "link_flags": compiler.link_flags,
        "sizes": asdict(sizes),
    }
    write_manifest(work, facts)
