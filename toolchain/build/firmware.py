"""Build one image: sources, objects, ELF, binary, sizes, budget, manifest."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from toolchain.build.budget import check_budget
from toolchain.build.compiler import Compiler
from toolchain.build.image import make_image
from toolchain.build.sizes import Section, Sizes, measure
from toolchain.build.sources import (
    BUILD_ID_FILE,
    DIGEST_BYTES,
    LINKER_SCRIPT,
    build_id,
    build_id_source,
    firmware_sources,
)
from toolchain.errors import BuildError, UsageError
from toolchain.files import sha256_file
from toolchain.quantize.student import QuantizedStudent
from toolchain.target import Target

ELF = "firmware.elf"
MANIFEST = "manifest.json"


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
        manifest: the content of ``manifest.json``.
    """

    folder: Path
    image: Path
    elf: Path
    sizes: Sizes
    build_id: bytes
    model_hash: bytes
    manifest: dict[str, Any]


def build_firmware(
    student: QuantizedStudent,
    target: Target,
    out: Path,
    progress: Callable[[str], None] = lambda source: None,
) -> BuildResult:
    """Build the image of ``student`` for ``target`` in the folder ``out``; other files there are left alone.

    Args:
        student: the deployed model.
        target: the board.
        out: by custom ``build/<target>/<model>``.
        progress: called with the name of each source before it is compiled.

    Raises:
        MissingToolError: if the compiler is not installed.
        BuildError: if a source does not compile, or the image exceeds the target's budget. ``out`` is then as
            it was before.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as temporary:
            work = Path(temporary).resolve()
            _build(student, target, work, progress)
            _publish(work, out)
    except OSError as error:
        raise BuildError(f"cannot write the build to {out}: {error.strerror}") from error
    return read_build(out)


def read_build(folder: Path) -> BuildResult:
    """Read a build back from its folder.

    Raises:
        UsageError: if there is no complete build, or a file of it has been changed since.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        damaged = [name for name, digest in manifest["files"].items() if sha256_file(folder / name) != digest]
        result = _from_manifest(folder, manifest)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"there is no finished build in {folder}", "run 'toolchain build' first") from error
    if damaged:
        raise UsageError(f"{folder / damaged[0]} is not what the build made", "run 'toolchain build' again")
    return result


def _from_manifest(folder: Path, manifest: dict[str, Any]) -> BuildResult:
    sizes = manifest["sizes"]
    return BuildResult(
        folder=folder,
        image=folder / manifest["image"],
        elf=folder / ELF,
        sizes=Sizes(
            sections=tuple(Section(**section) for section in sizes["sections"]),
            objects={name: (flash, ram) for name, (flash, ram) in sizes["objects"].items()},
            flash_bytes=sizes["flash_bytes"],
            ram_static_bytes=sizes["ram_static_bytes"],
            stack_bytes=sizes["stack_bytes"],
        ),
        build_id=bytes.fromhex(manifest["build_id"]),
        model_hash=bytes.fromhex(manifest["model_hash"]),
        manifest=manifest,
    )


def _build(student: QuantizedStudent, target: Target, work: Path, progress: Callable[[str], None]) -> None:
    compiler = Compiler(target, work)
    sources = firmware_sources(student, target)
    identity = build_id(sources, (*compiler.flags, *compiler.link_flags, compiler.version))
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
    image = make_image(target, compiler, ELF)

    sizes = measure(work / ELF, (work / ELF).with_suffix(".map"), target.memory)
    check_budget(sizes, target, student.model)
    manifest = {
        "target": target.name,
        "model": student.model,
        "model_hash": student.digest()[:DIGEST_BYTES].hex(),
        "build_id": identity.hex(),
        "image": image,
        "compiler": compiler.version,
        "flags": compiler.flags,
        "link_flags": compiler.link_flags,
        "sizes": asdict(sizes),
        "files": {
            path.relative_to(work).as_posix(): sha256_file(path)
            for path in sorted(work.rglob("*"))
            if path.is_file()
        },
    }
    (work / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _publish(work: Path, out: Path) -> None:
    """Move a finished build into place. The manifest goes first and comes last: without it, no build."""
    out.mkdir(exist_ok=True)
    (out / MANIFEST).unlink(missing_ok=True)
    for item in sorted(work.iterdir(), key=lambda item: item.name == MANIFEST):
        previous = out / item.name
        if previous.is_dir():
            shutil.rmtree(previous)
        os.replace(item, previous)
