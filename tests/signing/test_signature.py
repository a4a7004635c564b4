"""Nothing about a signed folder can be changed without an error that names it."""

import base64
import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builds import build_once
from tests.full_disk import full_disk
from toolchain.build import BuildResult, exact_copy, read_build
from toolchain.build.folder import MANIFEST, new_build, sealed
from toolchain.errors import SignatureError, UsageError
from toolchain.files import sha256_file
from toolchain.resources import student_dir
from toolchain.signing import (
    SIGNATURE_FILE,
    Signer,
    check_build,
    check_student,
    load_public_key,
    load_signer,
    new_keys,
    sign_build,
    sign_student,
)

NO_PASSPHRASE = bytes


@pytest.fixture
def keys(tmp_path) -> tuple[Signer, Path]:
    private, public = new_keys("alice", tmp_path / "keys")
    return load_signer(private, NO_PASSPHRASE), public


@pytest.fixture
def signed(tmp_path, keys) -> BuildResult:
    """A real build for the host in a folder of this test's own, signed."""
    folder = tmp_path / "build"
    shutil.copytree(build_once("host", "wav2small-17k").folder, folder)
    build = read_build(folder)
    sign_build(build, keys[0])
    return build


def edit(folder: Path, **fields: object) -> None:
    """Change fields of a signature file."""
    path = folder / SIGNATURE_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def restate(folder: Path, **facts: object) -> None:
    """Change facts of the statement, and leave the rest of the signature as it is."""
    edit(folder, statement={**json.loads((folder / SIGNATURE_FILE).read_text())["statement"], **facts})


def remanifest(folder: Path, **facts: object) -> None:
    """Change facts of the manifest, and let it have the hashes that its files have now."""
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"] = {name: sha256_file(folder / name) for name in manifest["files"]}
    (folder / MANIFEST).write_text(json.dumps(sealed({**manifest, **facts})))


def flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


def test_who_signed_is_known(signed, keys):
    found = check_build(signed, [load_public_key(keys[1])])
    assert found is not None
    assert (found.signer, found.trusted) == ("alice", True)
    assert found.describe() == f"signed by alice (fingerprint {found.fingerprint[:16]})"


def test_a_valid_signature_of_nobody_in_particular_is_called_so(signed):
    found = check_build(signed)
    assert found is not None
    assert not found.trusted
    assert "unknown key" in found.describe()


def test_the_same_build_and_key_give_the_same_signature(signed, keys):
    before = (signed.folder / SIGNATURE_FILE).read_bytes()
    sign_build(signed, keys[0])
    assert (signed.folder / SIGNATURE_FILE).read_bytes() == before


def test_another_key_is_not_trusted(signed, keys, tmp_path):
    other = load_public_key(new_keys("mallory", tmp_path)[1])
    with pytest.raises(SignatureError, match="not trusted: alice"):
        check_build(signed, [other])
    assert check_build(signed, [other, load_public_key(keys[1])])


def test_no_signature_is_an_error_only_where_one_is_demanded(signed, keys):
    (signed.folder / SIGNATURE_FILE).unlink()
    assert check_build(signed) is None
    with pytest.raises(SignatureError, match="is not signed"):
        check_build(signed, [load_public_key(keys[1])])


def test_the_next_build_is_not_signed_by_the_last_ones_signature(signed):
    with new_build(signed.folder) as work:
        (work / MANIFEST).write_text("{}")
    assert not (signed.folder / SIGNATURE_FILE).exists()


@pytest.mark.parametrize("name", ["firmware.elf", "src/app/main.c", "firmware.map"])
def test_a_file_changed_together_with_the_manifest(signed, name):
    flip(signed.folder / name, -2)
    with pytest.raises(UsageError, match="is not what the build made"):
        read_build(signed.folder)
    remanifest(signed.folder)
    with pytest.raises(SignatureError, match=f"{name} is not what was signed"):
        check_build(read_build(signed.folder))


@pytest.mark.parametrize(
    ("fact", "value"),
    [("target", "host2"), ("build_id", "00" * 8), ("model_hash", "00" * 8), ("image_crc", 7), ("student", "00" * 32)],
)
def test_a_fact_of_the_manifest_changed(signed, fact, value):
    remanifest(signed.folder, **{fact: value})
    with pytest.raises(SignatureError, match=f"{fact} is not what was signed"):
        check_build(read_build(signed.folder))


def test_a_fact_that_is_not_in_the_statement_by_name(signed):
    remanifest(signed.folder, compiler="another")
    with pytest.raises(SignatureError, match="manifest is not what was signed"):
        check_build(read_build(signed.folder))


@pytest.mark.parametrize("fact", ["signer", "kind", "target", "build_id", "student", "manifest", "more"])
def test_a_statement_altered(signed, fact):
    restate(signed.folder, **{fact: "mallory"})
    with pytest.raises(SignatureError, match="is not valid"):
        check_build(signed)


def test_every_bit_of_the_proof_counts(signed):
    proof = base64.b64decode(json.loads((signed.folder / SIGNATURE_FILE).read_text())["signature"])
    for bit in range(8 * len(proof)):
        altered = bytearray(proof)
        altered[bit // 8] ^= 1 << bit % 8
        edit(signed.folder, signature=base64.b64encode(altered).decode())
        with pytest.raises(SignatureError, match="is not valid"):
            check_build(signed)


def test_another_public_key_does_not_fit_the_proof(signed, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(signed.folder, other)
    sign_build(read_build(other), load_signer(new_keys("mallory", tmp_path)[0], NO_PASSPHRASE))
    theirs = json.loads((other / SIGNATURE_FILE).read_text())
    edit(signed.folder, public_key=theirs["public_key"], fingerprint=theirs["fingerprint"])
    with pytest.raises(SignatureError, match="is not valid"):
        check_build(signed)


def test_a_wrong_fingerprint_does_not_pass(signed):
    edit(signed.folder, fingerprint="0" * 64)
    with pytest.raises(SignatureError, match="fingerprint of another key"):
        check_build(signed)


def test_a_build_of_another_model_is_not_signed_by_this_ones(signed):
    other = build_once("host", "wav2small-72k")
    shutil.copytree(other.folder, signed.folder, dirs_exist_ok=True)
    with pytest.raises(SignatureError, match="is not what was signed"):
        check_build(read_build(signed.folder))


@pytest.mark.parametrize(
    "fields",
    [
        {"signature": "!"}, {"signature": "AAAA"}, {"signature": None}, {"public_key": "é"}, {"public_key": ["A"]},
        {"format": "wav2small-signature/2"}, {"algorithm": ["Ed25519"]}, {"statement": []}, {"statement": {}},
        {"statement": {"signer": "a\u202eb"}}, {"statement": {"signer": "x" * 65}}, {"more": 1},
    ],
)  # fmt: skip
def test_a_malformed_field_is_named(signed, fields):
    edit(signed.folder, **fields)
    with pytest.raises(SignatureError, match="is no signature: it"):
        check_build(signed)


@pytest.mark.parametrize("text", ["", "[]", "{", "\x00", "[" * 100_000, "9" * 10_000, '{"a": ' * 5_000, " " * 2**21])
def test_malformed_files(signed, text):
    (signed.folder / SIGNATURE_FILE).write_text(text)
    with pytest.raises(SignatureError, match="is no signature: it"):
        check_build(signed)


def test_a_pipe_is_no_signature(signed):
    path = signed.folder / SIGNATURE_FILE
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(SignatureError, match="is no signature: it is no regular file"):
        check_build(signed)


def test_a_signature_that_cannot_be_written_is_named_and_the_earlier_one_stays(signed, keys):
    path = signed.folder / SIGNATURE_FILE
    before = path.read_bytes()
    with full_disk(100), pytest.raises(OSError) as caught:
        sign_build(signed, keys[0])
    assert caught.value.filename == str(path)
    assert path.read_bytes() == before


@settings(
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(data=st.data())
def test_a_file_with_any_byte_altered_never_says_something_else(signed, data):
    path = signed.folder / SIGNATURE_FILE
    original = path.read_bytes()
    position = data.draw(st.integers(0, len(original) - 1))
    new = data.draw(st.integers(0, 255).filter(lambda value: value != original[position]))
    try:
        path.write_bytes(original[:position] + bytes([new]) + original[position + 1 :])
        found = check_build(signed)
    except SignatureError:
        return
    finally:
        path.write_bytes(original)
    # White space between tokens means nothing; whatever else passes must be the same.
    assert chr(original[position]).isspace()
    assert found == check_build(signed)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(
    field=st.sampled_from(["format", "algorithm", "public_key", "fingerprint", "statement", "signature", None]),
    value=_JSON,
)
def test_any_json_is_a_named_error(signed, field, value):
    path = signed.folder / SIGNATURE_FILE
    original = path.read_bytes()
    fields = json.loads(original)
    try:
        path.write_text(json.dumps({**fields, field: value} if field else value))
        with pytest.raises(SignatureError):
            check_build(signed)
    finally:
        path.write_bytes(original)


def test_a_student_is_signed_with_all_its_forms(tmp_path, keys):
    folder = tmp_path / "student"
    shutil.copytree(student_dir("wav2small-17k"), folder)
    sign_student(folder, keys[0])
    found = check_student(folder, [load_public_key(keys[1])])
    assert found is not None and found.signer == "alice"
    for name in ("model.safetensors", "model.onnx", "backbone.int8.tflite", "manifest.json"):
        flip(folder / name, -1)
        with pytest.raises(SignatureError, match=f"{name} is not what was signed"):
            check_student(folder)
        flip(folder / name, -1)
    shutil.copy(folder / "model.onnx", folder / "more.onnx")
    with pytest.raises(SignatureError, match=r"more\.onnx is not what was signed"):
        check_student(folder)


def test_what_is_flashed_is_what_was_checked(signed):
    with exact_copy(signed) as copy:
        flip(signed.elf, 100)
        assert sha256_file(copy.elf) == signed.manifest["files"]["firmware.elf"]
    assert not copy.elf.exists()
    with pytest.raises(UsageError, match="is not what the build made"), exact_copy(signed):
        raise AssertionError("a changed image was handed on")


def test_a_full_disk_is_an_error_of_the_copy(signed):
    with full_disk(1000), pytest.raises(OSError) as caught, exact_copy(signed):
        raise AssertionError("a part of an image was handed on")
    assert Path(caught.value.filename).name == signed.elf.name
