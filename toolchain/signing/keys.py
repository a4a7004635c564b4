"""Ed25519 keys in PEM files: ``NAME.private.pem`` (PKCS#8, readable by its owner alone) and ``NAME.public.pem``."""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
    load_pem_public_key,
)

from toolchain.errors import UsageError
from toolchain.files import UnfitFileError, read_bounded, write_new

PRIVATE_SUFFIX = ".private.pem"
PUBLIC_SUFFIX = ".public.pem"

#: A PEM file of an Ed25519 key has under 400 bytes.
_LONGEST_PEM = 16 * 1024
_LONGEST_NAME = 64
_ENCRYPTED = re.compile(rb"-----BEGIN ENCRYPTED PRIVATE KEY-----([^-]*)-----END ENCRYPTED PRIVATE KEY-----")
#: Passphrases are hashed 2048 times in keys of ours; this many take some seconds.
_MOST_ROUNDS = 10_000_000
_INTEGER, _OBJECT = 0x02, 0x06
#: 1.2.840.113549.1.5.13 and .12 (RFC 8018).
_PBES2, _PBKDF2 = bytes.fromhex("2a864886f70d01050d"), bytes.fromhex("2a864886f70d01050c")
_NEW_KEYS = "make a pair of keys with 'toolchain keys new NAME'"


@dataclass(frozen=True)
class Signer:
    """A private key, and the name its signatures carry."""

    name: str
    key: Ed25519PrivateKey


def new_keys(name: str, folder: Path, passphrase: bytes | None = None) -> tuple[Path, Path]:
    """Make a pair of keys and write them to ``folder``.

    Args:
        name: whose they are: the files' names begin with it, and signatures carry it.
        folder: made if absent.
        passphrase: encrypts the private key; None leaves it as it is.

    Returns:
        The files of the private key (mode 0600) and of the public one.

    Raises:
        UsageError: if the name cannot be used, or one of the files exists: a key is never replaced.
        OSError: if a file cannot be written; the other is not left then.
    """
    if not is_name(name) or any(character in "/\\:" for character in name) or name.startswith((".", "-")):
        raise UsageError(
            f"a key cannot be called {name!r}", f"take at most {_LONGEST_NAME} printable characters, and no '/'"
        )
    key = Ed25519PrivateKey.generate()
    private, public = folder / f"{name}{PRIVATE_SUFFIX}", folder / f"{name}{PUBLIC_SUFFIX}"
    for path in (private, public):
        if path.exists():
            raise _exists(path)
    encryption: KeySerializationEncryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    folder.mkdir(parents=True, exist_ok=True)
    _write_key(private, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption), 0o600)
    try:
        _write_key(public, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), 0o644)
    except BaseException:
        private.unlink()  # half a pair is of no use, and would be in the way of the next try
        raise
    return private, public


def load_signer(path: Path, ask: Callable[[], bytes]) -> Signer:
    """Read a private key; its file's name says whose it is.

    Args:
        path: the PEM file.
        ask: gives the passphrase; called only if the key is encrypted.

    Raises:
        UsageError: if it is no private Ed25519 key, or the passphrase is wrong.
        OSError: if the file cannot be read.
    """
    name = path.name.removesuffix(PRIVATE_SUFFIX).removesuffix(".pem")
    if not is_name(name):
        raise UsageError(f"the name of the key file {path} cannot be printed", "rename the file")
    pem = _read_pem(path)
    encrypted = _encrypted(pem, path) if b"BEGIN ENCRYPTED" in pem else b""
    passphrase = ask() if encrypted else None
    try:
        key = load_pem_private_key(pem, None) if passphrase is None else load_der_private_key(encrypted, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if passphrase is not None:
            raise UsageError(
                f"{path} cannot be opened with this passphrase", "the passphrase is wrong, or the file is damaged"
            ) from error
        raise _no_key(path, "private") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path, "private")
    return Signer(name, key)


def load_public_key(path: Path) -> Ed25519PublicKey:
    """Read a public key.

    Raises:
        UsageError: if the file holds no public Ed25519 key.
        OSError: if it cannot be read.
    """
    try:
        key = load_pem_public_key(_read_pem(path))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _no_key(path, "public") from error
    if not isinstance(key, Ed25519PublicKey):
        raise _no_key(path, "public")
    return key


def raw(key: Ed25519PublicKey) -> bytes:
    """The key itself: 32 bytes."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def fingerprint(key: Ed25519PublicKey) -> str:
    """SHA-256 of the key's 32 bytes, as 64 hex digits."""
    return hashlib.sha256(raw(key)).hexdigest()


def is_name(name: object) -> bool:
    """Whether this is a name that can be shown: short, and without anything that moves or hides text."""
    return isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME and name.isprintable() and name == name.strip()


def _read_pem(path: Path) -> bytes:
    try:
        return read_bounded(path, _LONGEST_PEM)
    except UnfitFileError as error:
        raise UsageError(f"the key file {path} cannot be used: {error}", _NEW_KEYS) from error


def _encrypted(pem: bytes, path: Path) -> bytes:
    """The encrypted key in DER, of which it is known that a passphrase is tried within seconds.

    The file says how often the passphrase is hashed, or, in other ways to encrypt, how much memory that takes.
    """
    found = _ENCRYPTED.search(pem)
    try:
        der = base64.b64decode(b"".join(found[1].split()), validate=True) if found else b""
        rounds = _rounds(der)
    except (ValueError, IndexError) as error:
        raise _no_key(path, "private") from error
    if not 0 < rounds <= _MOST_ROUNDS:
        raise UsageError(f"{path} is encrypted with {rounds:,} rounds, not 1 to {_MOST_ROUNDS:,}", _NEW_KEYS)
    return der


def _rounds(der: bytes) -> int:
    """How often the passphrase of a key is hashed (PKCS#8 with PBES2 and PBKDF2).

    Raises:
        ValueError: if it is encrypted in another way, or damaged.
        IndexError: likewise.
    """
    ((_, key),) = _elements(der)
    kind, parameters = _elements(_elements(key)[0][1])
    hashing, hashing_parameters = _elements(_elements(parameters[1])[0][1])
    tag, rounds = _elements(hashing_parameters[1])[1]
    if (kind, hashing, tag) != ((_OBJECT, _PBES2), (_OBJECT, _PBKDF2), _INTEGER) or len(rounds) > 8:
        raise ValueError
    return int.from_bytes(rounds, "big", signed=True)


def _elements(der: bytes) -> list[tuple[int, bytes]]:
    """Tags and contents of what stands one after the other in DER."""
    found, at = [], 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length > 127:
            size = length - 128
            length, at = int.from_bytes(der[at : at + size], "big"), at + size
        if at + length > len(der):
            raise ValueError
        found.append((tag, der[at : at + length]))
        at += length
    return found


def _write_key(path: Path, content: bytes, mode: int) -> None:
    try:
        write_new(path, content, mode)
    except FileExistsError as error:
        raise _exists(path) from error


def _exists(path: Path) -> UsageError:
    return UsageError(f"the key file {path} exists already", "choose another name, or move the file away")


def _no_key(path: Path, kind: str) -> UsageError:
    return UsageError(f"{path} holds no {kind} Ed25519 key in PEM form", _NEW_KEYS)
