"""Ask a fresh process what ONNX Runtime needs for a model."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from toolchain.errors import BuildError
from toolchain.evaluate.result import Latency, Runtime

#: The paper's clip.
SECONDS = 5.0
#: Of the slowest model on a slow machine.
_PATIENCE = 600


def measure_runtime(onnx_model: bytes, seconds: float = SECONDS) -> Runtime:
    """Run an ONNX file in a process of its own, on one thread.

    Args:
        onnx_model: Content of the file.
        seconds: Length of the window.

    Raises:
        BuildError: The process failed, or took longer than ten minutes.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.onnx")
        path.write_bytes(onnx_model)
        answer = _ask(path, seconds)
    latency = Latency(**{key: answer[key] for key in Latency.model_fields})
    return Runtime(seconds=seconds, latency=latency, memory_bytes=answer["memory_bytes"])


def _ask(path: Path, seconds: float) -> dict:
    # The tree that is imported here, wherever the caller stands.
    root = Path(__file__).resolve().parents[2]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "toolchain.evaluate.probe", str(path), str(seconds)],
            cwd=root,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"ONNX Runtime did not finish within {_PATIENCE} s") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise BuildError(f"the process that measures ONNX Runtime failed: {last}")
    return json.loads(done.stdout)
