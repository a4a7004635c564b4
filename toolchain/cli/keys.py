"""``toolchain keys new`` and ``toolchain keys show``."""

import os
from pathlib import Path
from typing import Annotated

import typer

from toolchain.cli.console import print_json, step
from toolchain.cli.options import JsonOption
from toolchain.cli.signatures import PASSPHRASE_VARIABLE

EXAMPLE = "toolchain keys new alice"

app = typer.Typer(
    help="Make a pair of keys to sign with, or show one's fingerprint.",
    epilog=f"Example: {EXAMPLE}",
    no_args_is_help=True,
)


@app.command(epilog=f"Example: {EXAMPLE}")
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose they are; signatures carry this name.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where the files go.")] = Path(),
    passphrase: Annotated[
        bool,
        typer.Option(
            "--passphrase", help=f"Encrypt the private key; asks, unless {PASSPHRASE_VARIABLE} is in the environment."
        ),
    ] = False,
) -> None:
    """Make a pair of Ed25519 keys: NAME.private.pem to sign with and to keep, NAME.public.pem to give away."""
    from toolchain.signing import fingerprint, load_public_key, new_keys

    private, public = new_keys(name, out, _new_passphrase() if passphrase else None)
    step(f"wrote {private} (keep it to yourself) and {public}")
    typer.echo(fingerprint(load_public_key(public)))


@app.command(epilog="Example: toolchain keys show alice.public.pem")
def show(
    file: Annotated[Path, typer.Argument(metavar="PUBLIC.pem", help="A public key.")], json: JsonOption = False
) -> None:
    """Show a public key's fingerprint: SHA-256 of its 32 bytes. Reports and messages show the first 16 digits."""
    from toolchain.signing import fingerprint, load_public_key

    digits = fingerprint(load_public_key(file))
    if json:
        print_json({"file": str(file), "algorithm": "Ed25519", "fingerprint": digits})
    else:
        typer.echo(digits)


def _new_passphrase() -> bytes:
    from toolchain.errors import UsageError

    given = os.environ.get(PASSPHRASE_VARIABLE) or typer.prompt(
        "passphrase for the new key", hide_input=True, confirmation_prompt=True, err=True
    )
    if not given:
        raise UsageError("the passphrase is empty", "leave --passphrase out if the key need not be encrypted")
    return str(given).encode()
