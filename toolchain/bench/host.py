"""The engine on this computer beside other runtimes: time as ratios measured side by side, memory, and its growth."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from toolchain.bench.host_runtimes import Run, open_litert, open_onnxruntime, open_tflm
from toolchain.errors import BuildError
from toolchain.export.gate import synthetic_voice
from toolchain.files import MOST_STUDENT, read_bounded
from toolchain.model_names import SAMPLE_RATE
from toolchain.native import NativeBackbone, NativeEngine
from toolchain.native.memory import engine_memory
from toolchain.quantize.folder import ONNX_INT8, StudentFolder
from toolchain.quantize.student import QuantizedStudent
from toolchain.quantize.student_file import load_student
from toolchain.quantize.tflite import with_frames
from toolchain.quantize.tflm import sufficient_arena
from toolchain.records import Record
from toolchain.reference.engine import run
from toolchain.verify.tflm_arena import tflm_arena

#: From the image to the backbone's outputs, or from the waveform to the result.
Part = Literal["backbone", "whole"]

#: The paper's clip.
SECONDS = 5.0
#: Seconds of audio over which cost and memory are shown to grow, or not.
SPAN = (1.0, 5.0, 20.0, 60.0, 180.0, 600.0)

ENGINE = "engine"

#: Seconds that a runtime runs before it is the next one's turn; a slow one runs once.
_TURN = 0.02
#: Seconds for the process that measures memory.
_PATIENCE = 300

#: Fresh processes in which the memory of a runtime is measured.
_PROBES = 3


class HostRow(Record):
    """One runtime on one part of a student.

    Attributes:
        runtime: its name, and the version of its package; None for the engine, which is of this toolchain.
        lowest_ms: of CPU time, over all threads of the process, for the window.
        times_engine: ``lowest_ms`` over the engine's for the same part.
        working_bytes: what it computes in: state and stack of the whole engine, or the smallest arena that TFLite Micro
            accepts; None where a runtime does not tell.
        resident_bytes: by which loading the model and running it once raised the memory of a fresh process that had
            imported the runtime; None where that is not measured.
    """

    runtime: str
    version: str | None
    part: Part
    runs: int
    lowest_ms: float
    median_ms: float
    times_engine: float
    working_bytes: int | None
    resident_bytes: int | None


class HostComparison(Record):
    """All rows of one student, measured in turn in one process."""

    model: str
    student: str
    seconds: float
    kernel: str
    rows: tuple[HostRow, ...]


class Growth(Record):
    """What the whole engine takes for a window of so many seconds: CPU time, and bytes of state and stack."""

    seconds: float
    cpu_seconds: float
    memory_bytes: int


@dataclass(frozen=True)
class _Runtime:
    """One row to be: what runs, and what a process of its own is given to measure its memory with."""

    name: str
    package: str | None
    part: Part
    run: Run
    probe: tuple[str, ...] | None = None
    working_bytes: int | None = None


def compare_host(
    folder: StudentFolder,
    seconds: float = SECONDS,
    rounds: int = 10,
    on_step: Callable[[str], None] = lambda what: None,
) -> HostComparison:
    """Run the engine, TFLite Micro, LiteRT with XNNPACK and ONNX Runtime in turn, each on one thread.

    Args:
        folder: of a student in all its forms.
        seconds: of audio; a synthetic voice.
        rounds: turns of every runtime. The lowest time counts: others disturb a run, and never speed it up.
        on_step: called with what is done next.

    Raises:
        MissingToolError: The extra ``tflm`` or ``convert``, or the host's C compiler, is not installed.
        UsageError: The folder holds no student.
        BuildError: The engine does not compile, or the process that measures memory fails.
    """
    student = load_student(folder.quantized)
    pcm = voice(seconds)
    with tempfile.TemporaryDirectory() as work:
        on_step("loading")
        runtimes = _runtimes(student, folder, pcm, Path(work))
        times = _in_turn({runtime: runtime.run for runtime in runtimes}, rounds, on_step)
        rows = []
        for runtime in runtimes:
            on_step(f"memory of {runtime.name}")
            rows.append(_row(runtime, times))
    return HostComparison(
        model=student.model,
        student=student.digest().hex(),
        seconds=seconds,
        kernel=NativeEngine(student).kernel,
        rows=tuple(rows),
    )


def growth(student: QuantizedStudent, span: Sequence[float] = SPAN, runs: int = 3) -> tuple[Growth, ...]:
    """Measure the whole engine on windows of different lengths: the lowest CPU time of some runs, and its memory.

    Raises:
        MissingToolError: The host's C compiler is not installed.
        BuildError: The engine does not compile.
    """
    engine = NativeEngine(student)
    points = []
    for seconds in span:
        pcm = voice(seconds)
        lowest = min(_timed(partial(engine.run, pcm)) for _ in range(runs))
        points.append(Growth(seconds=seconds, cpu_seconds=lowest, memory_bytes=engine_memory(student, pcm)))
    return tuple(points)


def voice(seconds: float) -> NDArray[np.int16]:
    """A synthetic voice of this length as int16 PCM; five seconds of it over and over."""
    signal = (synthetic_voice(SECONDS) * 32767).astype(np.int16)
    return np.resize(signal, round(seconds * SAMPLE_RATE))


def _runtimes(
    student: QuantizedStudent, folder: StudentFolder, pcm: NDArray[np.int16], work: Path
) -> list[_Runtime]:
    image = run(student, pcm).rows["logmel"].astype(np.int8)
    tflite, image_file, pcm_file = work / "backbone.tflite", work / "image.npy", work / "pcm.npy"
    tflite.write_bytes(with_frames(read_bounded(folder.backbone, MOST_STUDENT), len(image)))
    np.save(image_file, image)
    np.save(pcm_file, pcm)
    onnx = folder.path / ONNX_INT8
    arena = sufficient_arena(len(image))
    engine, backbone = NativeEngine(student), NativeBackbone(student)
    memory = engine_memory(student, pcm)
    on_image, on_pcm = (str(tflite), str(image_file)), (str(onnx), str(pcm_file))
    return [
        _Runtime(ENGINE, None, "backbone", lambda: backbone.run(image), working_bytes=memory),
        _Runtime(
            "TFLite Micro",
            "tflite-micro",
            "backbone",
            open_tflm(tflite, image, arena),
            ("tflite-micro", *on_image, str(arena)),
            _known_arena(student.model, pcm),
        ),
        _Runtime("LiteRT, XNNPACK", "ai-edge-litert", "backbone", open_litert(tflite, image), ("litert", *on_image)),
        _Runtime(
            ENGINE,
            None,
            "whole",
            lambda: engine.run(pcm),
            ("engine", str(engine.path), str(pcm_file)),
            memory,
        ),
        _Runtime(
            "ONNX Runtime, int8", "onnxruntime", "whole", open_onnxruntime(onnx, pcm), ("onnxruntime", *on_pcm)
        ),
    ]


def _known_arena(model: str, pcm: NDArray[np.int16]) -> int | None:
    measured = tflm_arena(model)
    return measured["bytes"] if measured["seconds"] * SAMPLE_RATE == len(pcm) else None


def _in_turn(
    runs: Mapping[_Runtime, Run], rounds: int, on_step: Callable[[str], None]
) -> dict[_Runtime, list[float]]:
    """CPU seconds of every run, the runtimes taking turns; the first run of a turn warms up what another one cooled."""
    times: dict[_Runtime, list[float]] = {runtime: [] for runtime in runs}
    for number in range(rounds):
        on_step(f"round {number + 1} of {rounds}")
        for runtime, use in runs.items():
            spent = _timed(use)
            if spent >= _TURN:
                times[runtime].append(spent)
                continue
            while spent < _TURN:
                times[runtime].append(_timed(use))
                spent += times[runtime][-1]
    return times


def _timed(use: Run) -> float:
    start = time.process_time()
    use()
    return time.process_time() - start


def _row(runtime: _Runtime, times: Mapping[_Runtime, Sequence[float]]) -> HostRow:
    own = times[runtime]
    (engine,) = (min(times[other]) for other in times if (other.name, other.part) == (ENGINE, runtime.part))
    return HostRow(
        runtime=runtime.name,
        version=version(runtime.package) if runtime.package else None,
        part=runtime.part,
        runs=len(own),
        lowest_ms=min(own) * 1e3,
        median_ms=statistics.median(own) * 1e3,
        times_engine=min(own) / engine,
        working_bytes=runtime.working_bytes,
        resident_bytes=_most_resident_bytes(runtime.probe) if runtime.probe else None,
    )


def _most_resident_bytes(probe: tuple[str, ...]) -> int | None:
    """The most of several processes: what an import has let go of is taken up again, and hides a part in some."""
    measured = [_resident_bytes(probe) for _ in range(_PROBES)]
    return max((size for size in measured if size is not None), default=None)


def _resident_bytes(probe: tuple[str, ...]) -> int | None:
    # The tree that is imported here, wherever the caller stands.
    root = Path(__file__).resolve().parents[2]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "toolchain.bench.host_probe", *probe],
            cwd=root,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"the memory of {probe[0]} was not measured within {_PATIENCE} s") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise BuildError(f"the process that measures the memory of {probe[0]} failed: {last}")
    answer: int | None = json.loads(done.stdout)
    return answer
