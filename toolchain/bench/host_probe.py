"""Memory of one runtime in a process of its own: ``python -m toolchain.bench.host_probe RUNTIME MODEL INPUT [ARENA]``.

RUNTIME is "engine" (MODEL: a library of `toolchain.native`), "tflite-micro", "litert" or "onnxruntime"; INPUT an .npy
file with the PCM or the image. Writes the bytes that loading and running it once takes, at the most.
"""

import importlib
import json
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from toolchain.bench.host_runtimes import open_litert, open_onnxruntime, open_tflm
from toolchain.evaluate.probe import peak_memory

_MODULES = {
    "engine": "toolchain.native.engine",
    "tflite-micro": "tflite_micro",
    "litert": "ai_edge_litert.interpreter",
    "onnxruntime": "toolchain.export.onnx",
}
#: Writing this to ``clear_refs`` makes Linux count a process's peak from now on (proc(5)).
_RESET_PEAK = "5"


def growth(use: Callable[[], None]) -> int | None:
    """Return the bytes by which ``use`` raises the resident memory, at most; None where the system does not tell."""
    if platform.system() == "Linux":
        Path("/proc/self/clear_refs").write_text(_RESET_PEAK, encoding="ascii")
    before = peak_memory()
    use()
    after = peak_memory()
    return None if before is None or after is None else after - before


def measure(runtime: str, model: Path, data: np.ndarray, arena_bytes: int) -> int | None:
    """Return the bytes for loading ``model`` and running it once; the runtime itself is imported before."""
    importlib.import_module(_MODULES[runtime])
    return growth(lambda: _use(runtime, model, data, arena_bytes))


def _use(runtime: str, model: Path, data: np.ndarray, arena_bytes: int) -> None:
    if runtime == "engine":
        _run_engine(model, data)
    elif runtime == "tflite-micro":
        open_tflm(model, data, arena_bytes)()
    elif runtime == "litert":
        open_litert(model, data)()
    else:
        open_onnxruntime(model, data)()


def _run_engine(path: Path, pcm: np.ndarray) -> None:
    from toolchain.native.engine import NO_LAYER, load_engine, zeroed

    engine = load_engine(path)
    result = np.zeros(3, np.int32)
    memory = zeroed(engine.w2s_native_bytes())
    status = engine.w2s_native_run(memory, pcm.ctypes.data, len(pcm), NO_LAYER, None, result.ctypes.data)
    assert status == 0, status


if __name__ == "__main__":
    name, model_file, input_file, *arena = sys.argv[1:]
    sys.stdout.write(json.dumps(measure(name, Path(model_file), np.load(input_file), int(arena[0]) if arena else 0)))
