"""Time and memory: that they are measured, in a process that holds nothing but ONNX Runtime."""

import platform
import subprocess
import sys

import pytest

from toolchain.errors import BuildError
from toolchain.evaluate.runtime import measure_runtime
from toolchain.quantize.folder import ONNX_INT8
from toolchain.resources import student_dir


def test_the_bundled_student_is_measured():
    runtime = measure_runtime((student_dir("wav2small-17k") / ONNX_INT8).read_bytes(), seconds=1.0)
    assert runtime.seconds == 1.0
    assert runtime.latency.runs >= 5
    assert 0 < runtime.latency.lowest_ms <= runtime.latency.median_ms < 60_000
    if platform.system() in ("Linux", "Darwin"):
        # The image of 1 s alone has 13 channels of 499 x 26 floats.
        assert 13 * 499 * 26 * 4 < runtime.memory_bytes < 500e6


def test_the_process_imports_no_framework():
    script = "import sys, toolchain.evaluate.probe; print(sorted({'torch', 'onnx', 'timm'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_memory_is_this_programs_own():
    """A parent of 300 MB is not counted."""
    script = (
        "import subprocess, sys; parent = b'x' * 300_000_000; "
        "child = 'from toolchain.evaluate.probe import peak_memory; print(peak_memory())'; "
        "print(subprocess.run([sys.executable, '-c', child], capture_output=True, text=True).stdout)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    if done.stdout.strip() == "None":
        pytest.skip("this system does not tell a process's memory")
    assert 5e6 < int(done.stdout) < 250e6


def test_what_is_no_model_is_an_error():
    with pytest.raises(BuildError, match="the process that measures ONNX Runtime failed"):
        measure_runtime(b"no model")
