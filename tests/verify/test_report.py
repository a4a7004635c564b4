import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.random_student import random_student
from toolchain.audio import Skipped
from toolchain.build import BuildResult, Section, Sizes
from toolchain.errors import ParityError
from toolchain.link import MemoryReply
from toolchain.model_names import Normalisation
from toolchain.target import load_target
from toolchain.verify.parity import ClipResult, Difference, Parity
from toolchain.verify.report import make_report, require_parity, write_report

_REQUIRED = (
    "target", "model", "clips", "equal_clips", "ccc", "flash_bytes", "ram_static_bytes", "ram_stack_bytes",
    "instructions_per_second_of_audio", "pearson", "rmse", "normalisation", "rows", "identity", "execution",
)  # fmt: skip


def _clips(noise: float) -> list[ClipResult]:
    rng = np.random.default_rng(0)
    results = []
    for index in range(30):
        values = rng.uniform(0.2, 0.8, 3)
        board = tuple(round(65536 * value) for value in values + noise * rng.normal(size=3))
        results.append(
            ClipResult(
                f"speaker/{index}.wav", 160, 16_000, "ab" * 32, board, board, tuple(map(float, values)), 25_600_000
            )
        )
    return results


def _report(clips, target="mps2-an386", difference=None, normalisation=Normalisation.TWO_PASS, port=None):
    sections = (Section(".text", 30_000, True, False), Section(".bss", 9_000, False, True))
    build = BuildResult(
        image_crc=None,
        folder=Path("build"),
        image=Path("build/firmware.bin"),
        elf=Path("build/firmware.elf"),
        sizes=Sizes(sections, {"engine/w2s_head": (20_000, 100)}, 30_000, 9_000, 2_048),
        build_id=bytes(8),
        model_hash=bytes(8),
        manifest={"files": {"firmware.bin": "cd" * 32}, "compiler": "gcc <12>"},
    )
    return make_report(
        target=load_target(target),
        student=random_student("wav2small-17k"),
        build=build,
        parity=Parity(tuple(clips), difference),
        memory=MemoryReply(9_000, 2_048, 700),
        ticks_hz=25_000_000,
        skipped=[Skipped("short.wav", "short.wav is shorter than the window (0.20 s)")],
        hashes={"model.onnx": "ef" * 32},
        port=port,
        normalisation=normalisation,
    )


def test_a_good_run_passes_and_has_every_figure():
    report = _report(_clips(0.002))
    assert report["passed"]
    require_parity(report)
    assert set(_REQUIRED) <= set(report)
    assert report["clips"] == report["equal_clips"] == 30
    assert report["ram_stack_bytes"] == 700
    # 25.6 ticks are one instruction on this target.
    assert report["instructions_per_second_of_audio"] == 1_000_000
    assert report["engine_seconds_per_second_of_audio"] == pytest.approx(1_000_000 / 25_000_000)


def test_the_host_has_a_time_but_no_instruction_count():
    report = _report(_clips(0.002), target="host")
    assert report["instructions_per_second_of_audio"] is None
    assert report["engine_seconds_per_second_of_audio"] == pytest.approx(25_600_000 / 25_000_000)


def test_ticks_of_a_board_on_a_port_are_time_whatever_emulator_its_target_has():
    report = _report(_clips(0.002), target="stm32f405", port="/dev/ttyACM0")
    assert report["port"] == "/dev/ttyACM0"
    assert "emulated" not in report["execution"] and "/dev/ttyACM0" in report["execution"]
    assert report["instructions_per_second_of_audio"] is None
    assert report["engine_seconds_per_second_of_audio"] == pytest.approx(25_600_000 / 25_000_000)
    assert _report(_clips(0.002), target="host", port="/dev/ttyACM0")["timed_by"] == "the board"


def test_one_unequal_integer_fails_and_names_the_layer():
    clips = _clips(0.002)
    arousal, dominance, valence = clips[4].board
    clips[4] = replace(clips[4], board=(arousal, dominance + 1, valence))
    report = _report(clips, difference=Difference("speaker/4.wav", "conv2", 3, 5, 10, 11))
    assert report["equal_clips"] == 29
    with pytest.raises(ParityError, match=r"1 of 30 clips .* layer 'conv2', row 3, element 5: 10 instead of 11"):
        require_parity(report)


def test_a_ccc_below_the_gate_fails():
    with pytest.raises(ParityError, match=r"below 0\.99: arousal"):
        require_parity(_report(_clips(0.1)))


def test_the_ccc_of_a_running_estimate_is_reported_and_not_gated(tmp_path):
    report = _report(_clips(0.1), normalisation=Normalisation.RUNNING)
    require_parity(report)
    assert report["normalisation"] == "running"
    assert report["ccc"]["arousal"] < 0.99
    write_report(report, tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "running normalisation" in page
    assert "The gate is" not in page
    clips = _clips(0.1)
    clips[0] = replace(clips[0], reference=(0, 0, 0))
    place = Difference("speaker/0.wav", "output", 0, 0, 1, 0)
    with pytest.raises(ParityError, match="1 of 30 clips"):
        require_parity(_report(clips, difference=place, normalisation=Normalisation.RUNNING))


def test_constant_outputs_fail_and_are_valid_json(tmp_path):
    clips = [replace(clip, board=(1, 1, 1), reference=(1, 1, 1), float_student=(0.5, 0.5, 0.5)) for clip in _clips(0)]
    report = _report(clips)
    assert report["pearson"]["arousal"] is None
    write_report(report, tmp_path)
    assert json.loads((tmp_path / "report.json").read_text())["passed"] is False
    with pytest.raises(ParityError):
        require_parity(report)


def test_one_clip_has_no_ccc_and_passes_if_it_is_equal():
    clips = _clips(0.002)[:1]
    report = _report(clips)
    assert report["ccc"]["arousal"] is None
    require_parity(report)
    wrong = replace(clips[0], reference=(0, 0, 0))
    with pytest.raises(ParityError):
        require_parity(_report([wrong], difference=Difference("speaker/0.wav", "output", 0, 0, 1, 0)))


def test_the_page_is_self_contained_and_escaped(tmp_path):
    write_report(_report(_clips(0.002)), tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert page.count("<svg") == 3
    assert page.count("<circle") == 90
    assert not re.search(r"(src|href)=|url\(|@import|<script", page)
    assert "gcc &lt;12&gt;" in page
    assert "not silicon" in page
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json"]


def test_the_same_results_give_the_same_bytes(tmp_path):
    for name in ("first", "second"):
        write_report(_report(_clips(0.002)), tmp_path / name)
    for file in ("report.json", "report.html"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()
