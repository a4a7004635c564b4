import base64
import os
import stat
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.full_disk import full_disk
from toolchain.errors import UsageError
from toolchain.signing import fingerprint, load_public_key, load_signer, new_keys


def never() -> bytes:
    raise AssertionError("asked for a passphrase that is not needed")


def test_a_pair_belongs_together(tmp_path):
    private, public = new_keys("alice", tmp_path)
    signer = load_signer(private, never)
    assert signer.name == "alice"
    assert fingerprint(signer.key.public_key()) == fingerprint(load_public_key(public))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alice.private.pem", "alice.public.pem"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_owner_reads_the_private_key(tmp_path):
    private, _ = new_keys("alice", tmp_path)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600


@pytest.mark.parametrize("kept", [0, 1])
def test_a_key_is_never_replaced(tmp_path, kept):
    pair = new_keys("alice", tmp_path)
    pair[1 - kept].unlink()
    before = pair[kept].read_bytes()
    with pytest.raises(UsageError, match="exists already"):
        new_keys("alice", tmp_path)
    assert pair[kept].read_bytes() == before
    assert not pair[1 - kept].exists()


def test_half_a_pair_is_not_left(tmp_path):
    public = tmp_path / "alice.public.pem"
    public.symlink_to("absent")  # not seen before the private key is written
    with pytest.raises(UsageError, match=r"alice\.public\.pem exists already"):
        new_keys("alice", tmp_path)
    assert list(tmp_path.iterdir()) == [public]
    public.unlink()
    new_keys("alice", tmp_path)


def test_a_full_disk_leaves_no_key_and_is_not_in_the_way_of_the_next_try(tmp_path):
    with full_disk(100), pytest.raises(OSError) as caught:
        new_keys("alice", tmp_path)
    assert caught.value.filename == str(tmp_path / "alice.private.pem")
    assert list(tmp_path.iterdir()) == []
    new_keys("alice", tmp_path)


def test_a_passphrase_is_needed_again(tmp_path):
    private, public = new_keys("alice", tmp_path, b"open sesame")
    assert b"ENCRYPTED" in private.read_bytes()
    opened = load_signer(private, lambda: b"open sesame")
    assert fingerprint(opened.key.public_key()) == fingerprint(load_public_key(public))
    with pytest.raises(UsageError, match="cannot be opened with this passphrase"):
        load_signer(private, lambda: b"close sesame")


def der(tag, *parts):
    content = b"".join(parts)
    size = bytes([len(content)]) if len(content) < 128 else b"\x81" + bytes([len(content)])
    return bytes([tag]) + size + content


def encrypted_pem(kdf, parameters):
    """A key encrypted in some way of RFC 8018; what is in it is nothing."""
    kind = der(6, bytes.fromhex("2a864886f70d01050d"))
    cipher = der(0x30, der(6, bytes.fromhex("60864801650304012a")), der(4, bytes(16)))
    hashing = der(0x30, der(6, bytes.fromhex(kdf)), der(0x30, *parameters))
    key = der(0x30, der(0x30, kind, der(0x30, hashing, cipher)), der(4, bytes(64)))
    label = "ENCRYPTED PRIVATE KEY"
    return f"-----BEGIN {label}-----\n{base64.encodebytes(key).decode()}-----END {label}-----\n"


PBKDF2, SCRYPT = "2a864886f70d01050c", "2b06010401da47040b"


@pytest.mark.parametrize("rounds", ["7fffffff", "00989681", "ff", "00"])
def test_a_passphrase_is_not_hashed_for_hours(tmp_path, rounds):
    path = tmp_path / "a.private.pem"
    sha256 = der(0x30, der(6, bytes.fromhex("2a864886f70d0209")), der(5))
    path.write_text(encrypted_pem(PBKDF2, (der(4, bytes(16)), der(2, bytes.fromhex(rounds)), sha256)))
    with pytest.raises(UsageError, match=r"is encrypted with .* rounds, not 1 to 10,000,000"):
        load_signer(path, never)


def test_a_passphrase_does_not_take_what_memory_there_is(tmp_path):
    path = tmp_path / "a.private.pem"
    costs = [der(2, bytes.fromhex(cost)) for cost in ("40000000", "08", "01")]
    path.write_text(encrypted_pem(SCRYPT, (der(4, bytes(16)), *costs)))
    with pytest.raises(UsageError, match="no private Ed25519 key"):
        load_signer(path, never)


@pytest.mark.parametrize("name", ["", "a/b", "..", "-x", "a\\b", "a\nb", "a\x1b[31m", "a\u202eb", " a", "x" * 65])
def test_names_that_cannot_be_used(tmp_path, name):
    with pytest.raises(UsageError, match="cannot be called"):
        new_keys(name, tmp_path / "keys")
    assert not (tmp_path / "keys").exists()


def test_keys_of_another_kind(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    private, public = tmp_path / "a.private.pem", tmp_path / "a.public.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(UsageError, match="no private Ed25519 key"):
        load_signer(private, never)
    with pytest.raises(UsageError, match="no public Ed25519 key"):
        load_public_key(public)


def test_the_two_keys_of_a_pair_are_not_mixed_up(tmp_path):
    private, public = new_keys("alice", tmp_path)
    with pytest.raises(UsageError, match="no private Ed25519 key"):
        load_signer(public, never)
    with pytest.raises(UsageError, match="no public Ed25519 key"):
        load_public_key(private)


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "huge.pem"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UsageError, match="longer than"):
        load_public_key(path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_a_pipe_that_nobody_writes_to_is_no_key(tmp_path):
    path = tmp_path / "alice.private.pem"
    os.mkfifo(path)
    for load in (lambda: load_public_key(path), lambda: load_signer(path, never)):
        with pytest.raises(UsageError, match=r"the key file .* cannot be used: it is no regular file"):
            load()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(
    content=st.binary(max_size=300),
    armour=st.sampled_from(["PRIVATE KEY", "PUBLIC KEY", "ENCRYPTED PRIVATE KEY", ""]),
)
def test_any_content_is_a_key_or_a_named_error(tmp_path, content, armour):
    path = tmp_path / "any.pem"
    text = b"-----BEGIN %b-----\n%b\n-----END %b-----\n" % ((armour.encode(), content, armour.encode()))
    path.write_bytes(text if armour else content)
    with pytest.raises(UsageError):
        load_public_key(path)
    with pytest.raises(UsageError):
        load_signer(path, lambda: b"x")
