"""``toolchain sign``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolchain.cli.console import print_json, step
from toolchain.cli.options import JsonOption, TrustedOption

if TYPE_CHECKING:
    from toolchain.signing import Signature, Signer

EXAMPLE = "toolchain sign my-student --key alice.private.pem"


def sign(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A student's folder, or one that 'toolchain build' wrote.")
    ],
    key: Annotated[
        Path | None, typer.Option("--key", "-k", metavar="KEY", help="Private key, as 'toolchain keys new' makes it.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Sign nothing: check the signature that is there.")] = False,
    trusted: TrustedOption = None,
    json: JsonOption = False,
) -> None:
    """Sign a student or a build: signature.json is written beside its files. Or, with --check, check that signature."""
    from toolchain.cli.signatures import open_signer
    from toolchain.errors import UsageError

    if check == (key is not None) or (trusted and not check):
        raise UsageError("sign takes either --key or --check, and --trusted only with --check", f"example: {EXAMPLE}")
    signer = open_signer(key)
    signature = _check(folder, trusted) if signer is None else _sign(folder, signer)
    if json:
        print_json(signature.facts())
    else:
        step(f"{folder}: {signature.describe()}")


def _sign(folder: Path, signer: "Signer") -> "Signature":
    from toolchain.signing import is_build, read_signed_build, sign_build, sign_student

    if is_build(folder):
        return sign_build(read_signed_build(folder), signer)
    return sign_student(folder, signer)


def _check(folder: Path, trusted: list[Path] | None) -> "Signature":
    from toolchain.cli.signatures import open_trusted
    from toolchain.errors import SignatureError
    from toolchain.signing import check_build, check_student, is_build, read_signed_build

    keys = open_trusted(trusted)
    found = check_build(read_signed_build(folder), keys) if is_build(folder) else check_student(folder, keys)
    if found is None:
        raise SignatureError(f"there is no signature in {folder}", "sign it with 'toolchain sign FOLDER --key KEY'")
    return found
