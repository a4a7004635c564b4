"""Keys and signatures as the verbs use them."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from toolchain.cli.console import step
from toolchain.errors import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from toolchain.build import BuildResult, Project
    from toolchain.quantize.student import QuantizedStudent
    from toolchain.signing import Signature, Signer

#: Where the passphrase comes from when nobody is there to type it.
PASSPHRASE_VARIABLE = "TOOLCHAIN_KEY_PASSPHRASE"


def open_signer(key: Path | None) -> "Signer | None":
    """Read a private key, with its passphrase from the environment or the terminal if it is encrypted.

    Raises:
        UsageError: if it cannot be used.
    """
    from toolchain.signing import load_signer

    return None if key is None else load_signer(key, _passphrase)


def open_trusted(keys: Sequence[Path] | None) -> "list[Ed25519PublicKey]":
    """Read the public keys that are trusted.

    Raises:
        UsageError: if one cannot be used.
    """
    if not keys:
        return []
    from toolchain.signing import load_public_key

    return [load_public_key(path) for path in keys]


def sign_built(build: "BuildResult | Project", signer: "Signer | None") -> None:
    """Sign a build if there is a key, and say so on stderr."""
    if signer is None:
        return
    from toolchain.signing import sign_build

    step(sign_build(build, signer).describe())


def check_built(
    build: "BuildResult | Project", student: "QuantizedStudent", trusted: "Sequence[Ed25519PublicKey]"
) -> "Signature | None":
    """Check who signed a build that is about to be used, and say so on stderr.

    Raises:
        SignatureError: if its signature is not valid, or is not one that is demanded.
    """
    from toolchain.errors import SignatureError
    from toolchain.signing import check_build

    signature = check_build(build, trusted)
    if signature is None:
        return None
    if build.manifest["student"] != student.digest().hex():
        raise SignatureError(
            f"the signed build in {build.folder} is of another student", "name its student, or build this one"
        )
    step(signature.describe())
    return signature


def _passphrase() -> bytes:
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given:
        return given.encode()
    if not sys.stdin.isatty():
        raise UsageError("the key is encrypted, and there is no terminal to ask for its passphrase", _SET_VARIABLE)
    return str(typer.prompt("passphrase of the key", hide_input=True, err=True)).encode()


_SET_VARIABLE = f"set the environment variable {PASSPHRASE_VARIABLE}"
