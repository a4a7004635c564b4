"""Folders of generated files: written whole or not at all, with a manifest that has every file's hash."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toolchain.errors import BuildError, UsageError
from toolchain.files import MOST_FACTS, read_text_bounded, sha256_file, stays_inside
from toolchain.records import canonical

MANIFEST = "manifest.json"
#: Who answers for the build, as `toolchain.signing` writes it; not in the manifest, and gone with the next build.
SIGNATURE = "signature.json"

_SEAL = "manifest_sha256"


@contextmanager
def new_build(out: Path) -> Iterator[Path]:
    """Yield an empty folder whose content replaces that of ``out`` when the block ends well.

    Other files in ``out`` are left alone. After an error ``out`` is as it was before.

    Raises:
        BuildError: if a file cannot be written.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as temporary:
            work = Path(temporary).resolve()
            yield work
            _publish(work, out)
    except OSError as error:
        raise BuildError(f"cannot write the build to {out}: {error.strerror}") from error


def write_manifest(work: Path, facts: Mapping[str, Any]) -> None:
    """Write ``manifest.json``: ``facts``, and the hashes of all files that ``work`` has now."""
    files = {
        path.relative_to(work).as_posix(): sha256_file(path) for path in sorted(work.rglob("*")) if path.is_file()
    }
    text = json.dumps(sealed({**facts, "files": files}), indent=2)
    (work / MANIFEST).write_text(f"{text}\n", encoding="utf-8")


def sealed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest with a hash over all that it says. It shows damage; forgery is what `toolchain.signing` is for.

    Raises:
        ValueError: if JSON cannot hold it.
    """
    said = {name: value for name, value in manifest.items() if name != _SEAL}
    return {**said, _SEAL: hashlib.sha256(canonical(said)).hexdigest()}


def read_manifest(folder: Path, build_again: str) -> dict[str, Any]:
    """Read a folder's manifest and check that it and its files are still what was written.

    Args:
        folder: where the build lies.
        build_again: the command that writes such a folder, for the errors' hints.

    Raises:
        UsageError: if there is no complete build, or the manifest or a file has been changed since.
    """
    try:
        manifest: dict[str, Any] = json.loads(read_text_bounded(folder / MANIFEST, MOST_FACTS))
        damaged = [] if manifest == sealed(manifest) else [MANIFEST]
        damaged += [name for name, digest in manifest["files"].items() if _sha256_inside(folder, name) != digest]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise no_build(folder, build_again) from error
    if damaged:
        raise UsageError(f"{folder / damaged[0]} is not what the build made", f"run '{build_again}' again")
    return manifest


def _sha256_inside(folder: Path, name: str) -> str:
    """Hash of a file of the folder. Whoever made the manifest may have named any other: a device would never end."""
    if not stays_inside(folder, name):
        raise ValueError(f"{name!r} is outside the folder")
    return sha256_file(folder / name)


def no_build(folder: Path, build_again: str) -> UsageError:
    """The error for a folder without a complete build."""
    return UsageError(f"there is no finished build in {folder}", f"run '{build_again}' first")


def _publish(work: Path, out: Path) -> None:
    """Move a finished build into place. The manifest goes first and comes last: without it, no build."""
    out.mkdir(exist_ok=True)
    (out / MANIFEST).unlink(missing_ok=True)
    (out / SIGNATURE).unlink(missing_ok=True)
    for item in sorted(work.iterdir(), key=lambda item: item.name == MANIFEST):
        previous = out / item.name
        if previous.is_dir():
            shutil.rmtree(previous)
        os.replace(item, previous)
