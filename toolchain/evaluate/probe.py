"""Latency and memory of ONNX Runtime in a process of its own: ``python -m toolchain.evaluate.probe MODEL SECONDS``.

It imports nothing that ONNX Runtime does not need, so that the memory is the model's and not a framework's.
"""

import json
import platform
import statistics
import sys
import time
from pathlib import Path

from toolchain.export.gate import synthetic_voice
from toolchain.export.onnx import open_session, run

_WARM_UP = 3
_MOST_RUNS = 50
_FEWEST_RUNS = 5
#: Seconds after which no further run begins.
_LONG_ENOUGH = 5.0


def peak_memory() -> int | None:
    """Bytes that this process has had in memory at most, or None where the system does not tell.

    Linux: ``VmHWM``, which unlike ``ru_maxrss`` begins anew with the program and does not know of its parent.
    macOS: ``ru_maxrss``, in bytes there.
    """
    system = platform.system()
    if system == "Linux":
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        (kibibytes,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
        return int(kibibytes) * 1024
    if system == "Darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return None


def measure(model: Path, seconds: float) -> dict[str, object]:
    """Return median and lowest milliseconds, the number of runs, and bytes over the import."""
    signal = synthetic_voice(seconds)
    before = peak_memory()
    session = open_session(model)
    for _ in range(_WARM_UP):
        run(session, signal)
    times: list[float] = []
    while len(times) < _FEWEST_RUNS or (len(times) < _MOST_RUNS and sum(times) < _LONG_ENOUGH):
        start = time.perf_counter()
        run(session, signal)
        times.append(time.perf_counter() - start)
    after = peak_memory()
    return {
        "median_ms": statistics.median(times) * 1e3,
        "lowest_ms": min(times) * 1e3,
        "runs": len(times),
        "memory_bytes": None if before is None or after is None else after - before,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(Path(sys.argv[1]), float(sys.argv[2]))))
