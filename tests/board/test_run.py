"""``toolchain run`` on the emulated Cortex-M4, from speech files to the report."""

import json

import pytest

from toolchain.cli.app import main
from toolchain.model_names import DIMENSIONS, MODELS

#: Bytes: flash, and RAM with the measured stack.
LIMITS = {"wav2small-17k": (48 * 1024, 16 * 1024), "wav2small-72k": (112 * 1024, 24 * 1024)}


@pytest.mark.board
@pytest.mark.parametrize("model", MODELS)
def test_the_emulated_board_passes_the_gate_within_its_limits(model, tmp_path, corpus_dir, monkeypatch):
    arguments = ["--target", "mps2-an386", "--model", model, "--corpus", corpus_dir, "--clips", 16, "--out", tmp_path]
    monkeypatch.setattr("sys.argv", ["toolchain", "run", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code

    report = json.loads((tmp_path / "mps2-an386" / model / "report.json").read_text())
    assert report["clips"] == report["equal_clips"] == 16
    assert all(report["ccc"][name] >= 0.99 for name in DIMENSIONS)
    flash, ram = LIMITS[model]
    assert report["flash_bytes"] <= flash
    assert report["ram_stack_bytes"] > 0
    assert report["ram_static_bytes"] + report["ram_stack_bytes"] <= ram
    assert report["instructions_per_second_of_audio"] > 1_000_000
