"""``toolchain doctor``: readable, exact, and an exit code for one target."""

import json

from toolchain.resources import targets_dir
from toolchain.target import target_names


def test_every_target_is_listed_and_nothing_missing_is_an_error(cli, monkeypatch):
    monkeypatch.setenv("PATH", "")
    called = cli("doctor")
    assert called.code == 0
    assert all(name in called.out for name in target_names())
    assert "arm-none-eabi-gcc" in called.out
    assert "sudo apt-get install" in called.out


def test_json_has_the_checks_and_the_lines_for_every_system(cli):
    report = json.loads(cli("doctor", "--target", "host", "--json").out)
    (target,) = report["targets"]
    assert target["target"] == "host"
    assert target["can"] == {"build": True, "emulate": True, "flash": None}
    assert target["checks"][0]["name"] == "gcc"
    assert set(report["install_everything"]) == {"debian", "macos", "windows"}
    assert json.loads(cli("doctor", "--json").out)["general"][0]["name"] == "Python"


def test_a_target_that_cannot_be_used_here_ends_with_3(cli, monkeypatch):
    monkeypatch.setenv("PATH", "")
    called = cli("doctor", "--target", "mps2-an386")
    assert called.code == 3
    assert "mps2-an386 cannot be built (needs arm-none-eabi-gcc and arm-none-eabi-objcopy) nor emulated" in called.err
    assert "apt-get install" in called.err


def test_a_target_file_of_one_s_own(cli, tmp_path):
    path = tmp_path / "board.toml"
    path.write_text((targets_dir() / "host.toml").read_text().replace('name = "host"', 'name = "mine"'))
    called = cli("doctor", "--target", path)
    assert called.code == 0, called.err
    assert "mine" in called.out


def test_another_system_s_lines(cli):
    called = cli("doctor", "--target", "mps2-an386", "--system", "macos")
    assert called.code == 0
    assert "brew install --cask gcc-arm-embedded" in called.out
    called = cli("doctor", "--system", "beos")
    assert called.code == 2
    assert "debian, macos, windows" in called.err
