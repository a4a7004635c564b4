"""Signing from the command line, with a real build that really runs."""

import json
import shutil
from pathlib import Path

import pytest

from toolchain.build.folder import sealed
from toolchain.files import sha256_file
from toolchain.resources import student_dir

FOLDER = Path("host") / "wav2small-17k"


@pytest.fixture
def keys(cli, tmp_path) -> tuple[Path, Path]:
    """Alice's private and public key."""
    assert cli("keys", "new", "alice", "--out", tmp_path / "keys").code == 0
    return tmp_path / "keys" / "alice.private.pem", tmp_path / "keys" / "alice.public.pem"


@pytest.fixture
def mallory(cli, tmp_path) -> Path:
    """The public key of somebody else."""
    assert cli("keys", "new", "mallory", "--out", tmp_path / "keys").code == 0
    return tmp_path / "keys" / "mallory.public.pem"


def test_a_new_key_is_shown_by_its_fingerprint(cli, tmp_path):
    made = cli("keys", "new", "alice", "--out", tmp_path)
    shown = json.loads(cli("keys", "show", tmp_path / "alice.public.pem", "--json").out)
    assert made.out.strip() == shown["fingerprint"]
    again = cli("keys", "new", "alice", "--out", tmp_path)
    assert again.code == 2
    assert "exists already" in again.err


def test_build_sign_flash_and_verify(cli, tmp_path, corpus_dir, keys, mallory):
    private, public = keys
    where = ("--target", "host", "--out", tmp_path)
    measure = ("verify", *where, "--corpus", corpus_dir, "--clips", 2)
    assert cli("build", *where, "--sign", private).code == 0
    fingerprint = cli("keys", "show", public).out.strip()

    flashed = cli("flash", *where, "--trusted", mallory, "--trusted", public)
    assert flashed.code == 0, flashed.err
    assert f"signed by alice (fingerprint {fingerprint[:16]})" in flashed.err

    verified = cli(*measure, "--trusted", public)
    assert verified.code == 0, verified.err
    assert f"signed by alice (fingerprint {fingerprint[:16]})" in verified.out
    report = json.loads((tmp_path / FOLDER / "report.json").read_text())["signature"]
    assert (report["signer"], report["fingerprint"], report["trusted"]) == ("alice", fingerprint, True)
    assert "signed by alice" in (tmp_path / FOLDER / "report.html").read_text()

    anybody = json.loads(cli(*measure, "--json").out)["signature"]
    assert anybody["trusted"] is False
    assert "unknown key" in anybody["summary"]

    for verb in (("flash", *where), measure):
        refused = cli(*verb, "--trusted", mallory)
        assert refused.code == 10
        assert "is by a key that is not trusted: alice" in refused.err


def test_a_build_without_a_signature(cli, tmp_path, corpus_dir, keys):
    where = ("--target", "host", "--out", tmp_path)
    cli("build", *where, "--sign", keys[0])
    cli("build", *where)
    assert not (tmp_path / FOLDER / "signature.json").exists()
    refused = cli("flash", *where, "--trusted", keys[1])
    assert refused.code == 10
    assert "is not signed" in refused.err
    report = json.loads(cli("verify", *where, "--corpus", corpus_dir, "--clips", 1, "--json").out)
    assert report["signature"] is None


def test_an_altered_image_is_not_started(cli, tmp_path, keys):
    where = ("--target", "host", "--out", tmp_path)
    cli("build", *where, "--sign", keys[0])
    elf, manifest = tmp_path / FOLDER / "firmware.elf", tmp_path / FOLDER / "manifest.json"
    facts = json.loads(manifest.read_text())
    elf.write_bytes(elf.read_bytes() + b"\0")
    facts["files"]["firmware.elf"] = sha256_file(elf)
    manifest.write_text(json.dumps(sealed(facts)))
    refused = cli("flash", *where)
    assert refused.code == 10
    assert "firmware.elf is not what was signed" in refused.err


def test_run_signs_and_checks(cli, tmp_path, corpus_dir, keys, mallory):
    run = ("run", "--target", "host", "--out", tmp_path, "--corpus", corpus_dir, "--clips", 1, "--json")
    report = json.loads(cli(*run, "--sign", keys[0], "--trusted", keys[1]).out)
    assert report["signature"]["signer"] == "alice"
    assert cli(*run, "--sign", keys[0], "--trusted", mallory).code == 10
    assert cli(*run, "--trusted", keys[1]).code == 10


def test_an_esp_idf_project_is_signed(cli, tmp_path, keys):
    assert cli("build", "-t", "esp32", "--framework", "esp-idf", "--out", tmp_path, "--sign", keys[0]).code == 0
    project = tmp_path / "esp32" / "wav2small-17k" / "esp-idf"
    assert cli("sign", project, "--check", "--trusted", keys[1]).code == 0
    statement = json.loads((project / "signature.json").read_text())["statement"]
    assert statement["kind"] == "esp-idf project"
    assert "main/CMakeLists.txt" in statement["files"]


def test_a_student_is_signed_and_checked_wherever_it_is_read(cli, tmp_path, keys):
    student = tmp_path / "student"
    shutil.copytree(student_dir("wav2small-17k"), student)
    assert cli("sign", student, "--check").code == 10
    assert cli("sign", student, "--key", keys[0]).code == 0
    assert json.loads(cli("sign", student, "--check", "--trusted", keys[1], "--json").out)["trusted"] is True
    (student / "model.onnx").write_bytes((student / "model.onnx").read_bytes() + b"\0")
    refused = cli("build", "--target", "host", "--student", student, "--out", tmp_path)
    assert refused.code == 10
    assert "model.onnx is not what was signed" in refused.err


def test_a_build_made_before_is_signed(cli, tmp_path, keys):
    cli("build", "--target", "host", "--out", tmp_path)
    assert cli("sign", tmp_path / FOLDER, "--key", keys[0]).code == 0
    assert cli("sign", tmp_path / FOLDER, "--check", "--trusted", keys[1]).code == 0


@pytest.mark.parametrize("options", [(), ("--check", "--key", "k"), ("--key", "k", "--trusted", "p")])
def test_sign_needs_to_know_what_to_do(cli, tmp_path, options):
    called = cli("sign", tmp_path, *options)
    assert called.code == 2
    assert "either --key or --check" in called.err


def test_an_encrypted_key_takes_its_passphrase_from_the_environment(cli, tmp_path, monkeypatch):
    student = tmp_path / "student"
    shutil.copytree(student_dir("wav2small-17k"), student)
    monkeypatch.setenv("TOOLCHAIN_KEY_PASSPHRASE", "open sesame")
    assert cli("keys", "new", "alice", "--out", tmp_path, "--passphrase").code == 0
    assert cli("sign", student, "--key", tmp_path / "alice.private.pem").code == 0
    monkeypatch.delenv("TOOLCHAIN_KEY_PASSPHRASE")
    silent = cli("sign", student, "--key", tmp_path / "alice.private.pem")
    assert silent.code == 2
    assert "no terminal to ask for its passphrase" in silent.err


@pytest.mark.parametrize("option", ["--sign", "--trusted"])
def test_a_file_that_is_no_key_is_refused_before_anything_is_built(cli, tmp_path, option):
    path = tmp_path / "alice.pem"
    path.write_text("hello")
    called = cli("run", "--target", "host", "--out", tmp_path / "out", option, path)
    assert called.code == 2
    assert "Ed25519 key in PEM form" in called.err
    assert not (tmp_path / "out").exists()
