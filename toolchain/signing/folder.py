"""What a signature states of a folder: of a build, of an ESP-IDF project, of a student."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from toolchain.build import BuildResult, Project, read_build, read_project
from toolchain.errors import UsageError
from toolchain.files import MOST_FACTS, read_text_bounded, sha256_file
from toolchain.quantize.folder import MANIFEST, QUANTIZED
from toolchain.quantize.student_file import load_student
from toolchain.records import canonical
from toolchain.signing.keys import Signer
from toolchain.signing.signature import Signature, check_signature, write_signature

_STUDENT_FILES = ("*.safetensors", "*.onnx", "*.tflite", MANIFEST)
_IDF = "esp-idf"


def sign_build(build: BuildResult | Project, signer: Signer) -> Signature:
    """Write ``signature.json`` beside a build or an ESP-IDF project.

    Raises:
        UsageError: if the build was made by a version of the toolchain that did not write the student's digest.
        OSError: if it cannot be written.
    """
    return write_signature(_build_statement(build), signer, build.folder)


def check_build(build: BuildResult | Project, trusted: Sequence[Ed25519PublicKey] = ()) -> Signature | None:
    """Check the signature of a build just read: its manifest, and with it every file's hash, is what was signed.

    Returns:
        Who signed; None if it is not signed and no key is demanded.

    Raises:
        UsageError: if the build was made by a version of the toolchain that did not write the student's digest.
        SignatureError: as `check_signature` says.
    """
    return check_signature(lambda: _build_statement(build), build.folder, trusted)


def sign_student(folder: Path, signer: Signer) -> Signature:
    """Write ``signature.json`` beside the files of a student.

    Raises:
        UsageError: if the folder holds no quantised student.
        OSError: if it cannot be written.
    """
    return write_signature(_student_statement(folder), signer, folder)


def check_student(folder: Path, trusted: Sequence[Ed25519PublicKey] = ()) -> Signature | None:
    """Check the signature of a student's files, likewise.

    Raises:
        UsageError: if the folder holds no quantised student.
        SignatureError: as `check_signature` says.
    """
    return check_signature(lambda: _student_statement(folder), folder, trusted)


def is_build(folder: Path) -> bool:
    """Whether the folder holds a build or an ESP-IDF project, finished or damaged, and not a student."""
    return "build_id" in _facts(folder)


def read_signed_build(folder: Path) -> BuildResult | Project:
    """Read a build or an ESP-IDF project, whichever is there.

    Raises:
        UsageError: if it is not complete, or a file of it has been changed since.
    """
    return read_project(folder) if _facts(folder).get("framework") == _IDF else read_build(folder)


def _facts(folder: Path) -> dict[str, Any]:
    try:
        facts = json.loads(read_text_bounded(folder / MANIFEST, MOST_FACTS))
    except (OSError, ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _build_statement(build: BuildResult | Project) -> dict[str, Any]:
    manifest = build.manifest
    crc = build.image_crc if isinstance(build, BuildResult) else None
    try:
        return {
            "kind": "build" if isinstance(build, BuildResult) else "esp-idf project",
            "target": manifest["target"],
            "model": manifest["model"],
            "build_id": build.build_id.hex(),
            "model_hash": build.model_hash.hex(),
            "student": manifest["student"],
            "image_crc": None if crc is None else f"{crc:08x}",
            "files": manifest["files"],
            "manifest": hashlib.sha256(canonical(manifest)).hexdigest(),
        }
    except (KeyError, ValueError) as error:
        raise UsageError(
            f"the build in {build.folder} does not say what a signature states of it", "run 'toolchain build' again"
        ) from error


def _student_statement(folder: Path) -> dict[str, Any]:
    paths = sorted({path for pattern in _STUDENT_FILES for path in folder.glob(pattern) if path.is_file()})
    student = load_student(folder / QUANTIZED)
    return {
        "kind": "student",
        "model": student.model,
        "student": student.digest().hex(),
        "files": {path.name: sha256_file(path) for path in paths},
    }
