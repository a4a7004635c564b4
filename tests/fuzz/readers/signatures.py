"""Readers of keys and of signatures; some signatures are made anew after the damage, with a key of somebody else."""

import base64
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.fuzz.readers.reader import Reader
from tests.fuzz.readers.records import build_manifests, put_build
from toolchain.build.folder import sealed
from toolchain.errors import SignatureError
from toolchain.files import read_bounded, read_text_bounded

_PASSPHRASE = b"open sesame"
_LONGEST = 1 << 20


#: What the parts of a pair of keys are called in PEM.
_KINDS = ("PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PUBLIC KEY")


def _key_files() -> list[bytes]:
    from toolchain.signing import new_keys

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain, public = new_keys("alice", folder)
        encrypted, _ = new_keys("bert", folder, _PASSPHRASE)
        return [path.read_bytes() for path in (plain, encrypted, public)]


def _read_key(path: Path) -> None:
    from toolchain.signing import fingerprint, load_public_key, load_signer

    try:
        public = b"BEGIN PUBLIC" in read_bounded(path, _LONGEST)
    except OSError:
        public = True
    if public:
        assert len(fingerprint(load_public_key(path))) == 64
    else:
        assert len(load_signer(path, lambda: _PASSPHRASE).key.sign(b"")) == 64


def _inner_keys() -> list[bytes]:
    """What is inside of the files, after a byte that says which kind it is."""
    inner = [base64.b64decode(b"".join(pem.splitlines()[1:-1])) for pem in _key_files()]
    return [bytes([kind]) + der for kind, der in enumerate(inner)]


def _read_inner_key(path: Path) -> None:
    """Put it into PEM, so that a damage is one of the key and not of its Base64."""
    try:
        content = read_bounded(path, _LONGEST)
    except OSError:
        content = b""
    if content:
        kind = _KINDS[content[0] % len(_KINDS)]
        path.write_text(f"-----BEGIN {kind}-----\n{base64.encodebytes(content[1:]).decode()}-----END {kind}-----\n")
    _read_key(path)


@cache
def _signer(name: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from toolchain.signing import Signer

    return Signer(name, Ed25519PrivateKey.from_private_bytes(name.ljust(32).encode()))


def _put_manifest(folder: Path) -> None:
    put_build(folder)
    (folder / "manifest.json").write_text(json.dumps(sealed(json.loads(build_manifests()[0]))))


def _signatures() -> list[bytes]:
    from toolchain.build import read_build
    from toolchain.signing import sign_build

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _put_manifest(folder)
        sign_build(read_build(folder), _signer("alice"))
        return [(folder / "signature.json").read_bytes()]


def _check(path: Path, *trusted: str) -> Any:
    from toolchain.build import read_build
    from toolchain.signing import check_build

    return check_build(read_build(path.parent), [_signer(name).key.public_key() for name in trusted])


def _read_signature(path: Path) -> None:
    """Whatever is taken for a signature is Alice's: nothing else comes out of a damage."""
    found = _check(path, "alice")
    assert (found.signer, found.trusted) == ("alice", True)


def _sign_again(path: Path) -> None:
    """Sign the statement that is there now with another key, and leave the other fields: else the proof is all that
    is looked at.
    """
    from toolchain.records import canonical
    from toolchain.signing import fingerprint
    from toolchain.signing.keys import raw
    from toolchain.signing.signature import _DOMAIN

    key = _signer("mallory").key
    try:
        fields = json.loads(read_text_bounded(path, _LONGEST))
        proof = key.sign(_DOMAIN + canonical(fields["statement"]))
        public = key.public_key()
        fields["public_key"], fields["fingerprint"] = base64.b64encode(raw(public)).decode(), fingerprint(public)
        fields["signature"] = base64.b64encode(proof).decode()
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return
    path.write_text(json.dumps(fields))


def _read_signed_again(path: Path) -> None:
    _sign_again(path)
    found = _check(path)
    assert not found.trusted and found.describe().isprintable()
    try:
        trusted = _check(path, "alice")
    except SignatureError as error:
        assert "not trusted" in error.message
    else:  # there was nothing that could be signed again
        assert trusted.fingerprint == found.fingerprint


READERS = (
    Reader("key", "alice.private.pem", _key_files, _read_key, text=True),
    Reader("inner-key", "alice.private.pem", _inner_keys, _read_inner_key),
    Reader("signature", "signature.json", _signatures, _read_signature, text=True, beside=_put_manifest),
    Reader("signature-anew", "signature.json", _signatures, _read_signed_again, text=True, beside=_put_manifest),
)
