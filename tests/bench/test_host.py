"""The engine beside other runtimes on this computer, and how its cost grows."""

import platform
import subprocess
import sys

import numpy as np
import pytest

from tests.builds import need
from toolchain.bench.host import Growth, HostRow, compare_host, growth, voice
from toolchain.errors import BuildError
from toolchain.model_names import MODELS
from toolchain.quantize.folder import StudentFolder
from toolchain.quantize.student_file import load_student
from toolchain.resources import student_dir

LIMIT = 64 * 1024


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    need("gcc")


def folder_of(model: str) -> StudentFolder:
    return StudentFolder(student_dir(model))


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, str], HostRow]:
    pytest.importorskip("tflite_micro", reason="needs the optional extra 'tflm'")
    pytest.importorskip("ai_edge_litert", reason="needs the optional extra 'convert'")
    found = compare_host(folder_of("wav2small-17k"), rounds=4)
    assert (found.model, found.seconds) == ("wav2small-17k", 5.0)
    if found.kernel == "plain":
        pytest.skip("there is no kernel for this CPU's vector instructions")
    return {(row.runtime, row.part): row for row in found.rows}


def test_all_runtimes_are_there(rows) -> None:
    assert set(rows) == {
        ("engine", "backbone"),
        ("TFLite Micro", "backbone"),
        ("LiteRT, XNNPACK", "backbone"),
        ("engine", "whole"),
        ("ONNX Runtime, int8", "whole"),
    }
    for (runtime, part), row in rows.items():
        assert row.runs >= 4 and 0 < row.lowest_ms <= row.median_ms
        assert row.times_engine == pytest.approx(row.lowest_ms / rows["engine", part].lowest_ms)
        assert (row.version is None) == (runtime == "engine")


def test_the_backbone_is_faster_than_one_that_computes_the_same(rows) -> None:
    assert rows["TFLite Micro", "backbone"].times_engine >= 3


def test_memory(rows) -> None:
    assert 8_000 < rows["engine", "whole"].working_bytes < LIMIT
    # Input and output of conv2 at once, both of 26 bands and 13 channels, for 2499 frames.
    assert rows["TFLite Micro", "backbone"].working_bytes > 2 * 2499 * 26 * 13
    if platform.system() == "Linux":
        assert rows["TFLite Micro", "backbone"].resident_bytes > 2 * 2499 * 26 * 13
        assert rows["engine", "whole"].resident_bytes < rows["ONNX Runtime, int8", "whole"].resident_bytes / 10


@pytest.mark.parametrize("model", MODELS)
def test_cost_grows_with_the_audio_and_memory_does_not(model: str) -> None:
    points = growth(load_student(folder_of(model).quantized), span=(1, 2, 4, 8), runs=30)
    assert [point.seconds for point in points] == [1, 2, 4, 8]
    assert {type(point) for point in points} == {Growth}
    assert len({point.memory_bytes for point in points}) == 1
    assert points[0].memory_bytes < LIMIT
    per_second = [point.cpu_seconds / point.seconds for point in points]
    assert max(per_second) < 1.5 * min(per_second)


def test_what_a_process_takes_is_seen_even_if_it_once_took_more() -> None:
    if platform.system() != "Linux":
        pytest.skip("only Linux lets a process forget its peak")
    # In a process of its own: this one may let go of other tests' memory meanwhile.
    script = (
        "import numpy as np; from toolchain.bench.host_probe import growth; kept = []; "
        "before = np.ones(90_000_000, np.uint8); del before; "
        "print(growth(lambda: kept.append(np.ones(60_000_000, np.uint8))))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert 59e6 < int(done.stdout) < 65e6


def test_a_probe_that_fails_says_why() -> None:
    from toolchain.bench.host import _resident_bytes

    with pytest.raises(BuildError, match=r"the memory of litert failed: .*No such file"):
        _resident_bytes(("litert", "missing.tflite", "missing.npy"))


def test_the_voice_has_any_length() -> None:
    assert len(voice(0.25)) == 4_000 and voice(12.0).dtype == np.int16
    assert (voice(12.0)[:80_000] == voice(5.0)).all()
