"""``signature.json``: a statement about files, who makes it, and the proof.

What is signed is the statement's JSON with sorted keys and no spaces, after a line that no other use of such a key has.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from toolchain.build.folder import SIGNATURE as SIGNATURE_FILE
from toolchain.errors import SignatureError
from toolchain.files import UnfitFileError, read_bounded, write_atomically
from toolchain.records import canonical
from toolchain.signing.keys import Signer, fingerprint, is_name, raw

ALGORITHM = "Ed25519"

_FORMAT = "wav2small-signature/1"
_DOMAIN = b"wav2small-signature-v1\n"
_FIELDS = {"format", "algorithm", "public_key", "fingerprint", "statement", "signature"}
#: A signature of an ESP-IDF project, the longest, has some 10 KB.
_LONGEST = 1024 * 1024
_SHOWN_DIGITS = 16
_SIGN_AGAIN = "sign again, or get the files anew from whoever signed them"


@dataclass(frozen=True)
class Signature:
    """A signature that has been checked.

    Attributes:
        signer: the name that the signer gives itself; signed too, but as true as the key is trusted.
        fingerprint: SHA-256 of the public key, 64 hex digits.
        trusted: whether the key is one of those that were named as trusted.
    """

    signer: str
    fingerprint: str
    trusted: bool

    def describe(self) -> str:
        """Say who signed, in one phrase."""
        key = f"{self.signer} (fingerprint {self.fingerprint[:_SHOWN_DIGITS]})"
        return f"signed by {key}" if self.trusted else f"signed by an unknown key, which calls itself {key}"

    def facts(self) -> dict[str, Any]:
        """What a report says of it."""
        return {
            "signer": self.signer,
            "fingerprint": self.fingerprint,
            "algorithm": ALGORITHM,
            "trusted": self.trusted,
            "summary": self.describe(),
        }


def write_signature(statement: Mapping[str, Any], signer: Signer, folder: Path) -> Signature:
    """Sign a statement and write ``signature.json`` to ``folder``; a signature that is there is replaced.

    Raises:
        OSError: if it cannot be written.
    """
    signed = {**statement, "signer": signer.name}
    public = signer.key.public_key()
    content = {
        "format": _FORMAT,
        "algorithm": ALGORITHM,
        "public_key": base64.b64encode(raw(public)).decode(),
        "fingerprint": fingerprint(public),
        "statement": signed,
        "signature": base64.b64encode(signer.key.sign(_DOMAIN + canonical(signed))).decode(),
    }
    write_atomically(folder / SIGNATURE_FILE, json.dumps(content, indent=2) + "\n")
    return Signature(signer.name, fingerprint(public), trusted=True)


def check_signature(
    state: Callable[[], Mapping[str, Any]], folder: Path, trusted: Sequence[Ed25519PublicKey]
) -> Signature | None:
    """Check the signature in ``folder``, and that it states what is true of the files at hand.

    Args:
        state: tells what is true of them; called only if there is a signature.
        folder: where ``signature.json`` may lie.
        trusted: keys one of which must have signed; empty if none need to.

    Returns:
        Who signed; None if there is no signature and none is demanded.

    Raises:
        SignatureError: if there is no signature though one is demanded, or it is not valid, or it is of other files,
            or by another key.
        OSError: if the file cannot be read.
    """
    path = folder / SIGNATURE_FILE
    content = _read(path)
    if content is None:
        if trusted:
            raise SignatureError(
                f"{folder} is not signed, and a signature by a trusted key is demanded",
                "sign it with 'toolchain sign FOLDER --key KEY', or build with --sign KEY",
            )
        return None
    public, signed = _parse(content, path)
    _require_same(state(), signed, path)
    known = {raw(key) for key in trusted}
    if known and raw(public) not in known:
        key = f"{signed['signer']} (fingerprint {fingerprint(public)[:_SHOWN_DIGITS]})"
        raise SignatureError(
            f"{path} is by a key that is not trusted: {key}",
            "name the signer's public key with --trusted, if you trust it",
        )
    return Signature(signed["signer"], fingerprint(public), trusted=bool(known))


def _read(path: Path) -> bytes | None:
    try:
        return read_bounded(path, _LONGEST)
    except FileNotFoundError:
        return None
    except UnfitFileError as error:
        raise _malformed(path, str(error)) from error


def _parse(content: bytes, path: Path) -> tuple[Ed25519PublicKey, dict[str, Any]]:
    """Return the key and the statement that it has really signed."""
    try:
        fields = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _malformed(path, "it is no JSON") from error
    if not isinstance(fields, dict) or fields.keys() != _FIELDS:
        raise _malformed(path, f"its fields are not {', '.join(sorted(_FIELDS))}")
    if (fields["format"], fields["algorithm"]) != (_FORMAT, ALGORITHM):
        raise _malformed(path, f"its format is not {_FORMAT} with {ALGORITHM}")
    statement = fields["statement"]
    if not isinstance(statement, dict) or not is_name(statement.get("signer")):
        raise _malformed(path, "it does not say who signed in a short, printable name")
    key = _bytes(fields, "public_key", 32, path)
    proof = _bytes(fields, "signature", 64, path)
    try:
        public = Ed25519PublicKey.from_public_bytes(key)
        public.verify(proof, _DOMAIN + canonical(statement))
    except (InvalidSignature, ValueError, RecursionError) as error:
        raise SignatureError(
            f"the signature {path} is not valid: it or its statement was altered", _SIGN_AGAIN
        ) from error
    if fields["fingerprint"] != fingerprint(public):
        raise SignatureError(f"the signature {path} has the fingerprint of another key", _SIGN_AGAIN)
    return public, statement


def _bytes(fields: Mapping[str, Any], name: str, length: int, path: Path) -> bytes:
    try:
        value = base64.b64decode(fields[name], validate=True)
    except (ValueError, TypeError) as error:
        raise _malformed(path, f"its {name} is no base64") from error
    if base64.b64encode(value).decode() != fields[name]:  # the last digit has bits that mean nothing
        raise _malformed(path, f"its {name} is no base64")
    if len(value) != length:
        raise _malformed(path, f"its {name} has {len(value)} bytes, not {length}")
    return value


def _require_same(actual: Mapping[str, Any], signed: Mapping[str, Any], path: Path) -> None:
    stated = {name: value for name, value in signed.items() if name != "signer"}
    if canonical(stated) == canonical(actual):
        return
    different = _first_difference(actual, stated)
    raise SignatureError(f"the signature {path} is of something else: {different} is not what was signed", _SIGN_AGAIN)


def _first_difference(actual: Mapping[str, Any], signed: Mapping[str, Any]) -> str:
    """The name of the first file whose hash differs, or else of the first other fact that does."""
    files, signed_files = actual["files"], signed.get("files")
    if isinstance(signed_files, dict):
        for name, digest in files.items():
            if signed_files.get(name) != digest:
                return str(name)
    return next((name for name, value in actual.items() if signed.get(name) != value), "the list of facts")


def _malformed(path: Path, why: str) -> SignatureError:
    return SignatureError(f"{path} is no signature: {why}", _SIGN_AGAIN)
