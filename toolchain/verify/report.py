"""``report.json``: everything one verification measured, on what, and whether it passes."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import toolchain
from toolchain.audio import Skipped
from toolchain.build import BuildResult, Project
from toolchain.errors import ParityError
from toolchain.files import write_atomically
from toolchain.link import MemoryReply
from toolchain.model_names import DIMENSIONS, SAMPLE_RATE, Normalisation
from toolchain.quantize.student import QuantizedStudent
from toolchain.target import Emulator, Target
from toolchain.verify.metrics import ccc, pearson, rmse
from toolchain.verify.page import render_page
from toolchain.verify.parity import ClipResult, Parity
from toolchain.verify.tflm_arena import tflm_arena

#: Least CCC between board and float student, on each dimension, where both normalise over the clip. A running
#: estimate's is measured, and nothing is promised of it.
CCC_GATE = 0.99

JSON_FILE = "report.json"
HTML_FILE = "report.html"

_Q16 = 65536

_EXECUTION = {
    "qemu": "The core is emulated: QEMU executes the image. This is not silicon, and instructions are not cycles",
    "rp2040js": "The chip is simulated: rp2040js executes the image. This is not silicon, and its timing is a model",
    "labwired": "The chip is simulated: LabWired executes the image. This is not silicon, nor are its ticks",
    "process": "The same generated C, run as a process on this computer. This is not a microcontroller",
}
_ATTACHED = "Run on what answers at {}: whether that is silicon, this computer cannot know"


def make_report(
    *,
    target: Target,
    student: QuantizedStudent,
    build: BuildResult | Project,
    parity: Parity,
    memory: MemoryReply,
    ticks_hz: int,
    skipped: Sequence[Skipped],
    hashes: Mapping[str, str],
    port: str | None = None,
    normalisation: Normalisation = Normalisation.TWO_PASS,
) -> dict[str, Any]:
    """Put the figures of one verification together, ready for JSON.

    Args:
        target: the board.
        student: the model it ran.
        build: the image it ran, or the project that ESP-IDF made the image from.
        parity: the comparison.
        memory: what the board says about its memory, after the last clip.
        ticks_hz: ticks per second of the board's counter.
        skipped: recordings of the corpus that could not be used.
        hashes: SHA-256 of further files by name, such as ``model.onnx``.
        port: where the board was; None for the target's emulator.
        normalisation: of the board; the float student's is over the clip.
    """
    emulator = target.emulator if port is None else None
    report = {
        "target": target.name,
        "target_description": target.description,
        "model": student.model,
        "port": port,
        "execution": _EXECUTION[emulator.kind] if emulator else _ATTACHED.format(port),
        "normalisation": normalisation.value,
        "clips": len(parity.clips),
        "equal_clips": parity.equal_clips,
        "resumed_clips": parity.resumed_clips,
        "skipped_clips": [asdict(item) for item in skipped],
        "seconds_of_audio": sum(clip.samples for clip in parity.clips) / SAMPLE_RATE,
        **_agreement(parity.clips),
        "ccc_gate": CCC_GATE if normalisation == Normalisation.TWO_PASS else None,
        "first_difference": asdict(parity.first_difference) if parity.first_difference else None,
        **_sizes(build, memory),
        "ram_stack_bytes": memory.stack_used or None,
        "flash_budget_bytes": target.budget.flash_bytes.get(student.model),
        "ram_budget_bytes": target.budget.ram_bytes.get(student.model),
        **_speed(parity.clips, ticks_hz, emulator, target.board.clock_hz),
        "timed_by": "this computer" if emulator and emulator.kind == "process" else "the board",
        "tflm_arena": tflm_arena(student.model),
        "identity": _identity(build, student, hashes),
        "signature": None,
        "rows": [_row(clip) for clip in parity.clips],
    }
    failure = _failure(report)
    return {**report, "passed": failure is None, "failure": failure}


def write_report(report: dict[str, Any], folder: Path) -> None:
    """Write ``report.json`` and ``report.html`` to ``folder``, each whole or not at all.

    Raises:
        OSError: if the folder cannot be written.
    """
    write_atomically(folder / JSON_FILE, json.dumps(report, indent=2, allow_nan=False) + "\n")
    write_atomically(folder / HTML_FILE, render_page(report))


def require_parity(report: Mapping[str, Any]) -> None:
    """Be satisfied, or say what is wrong.

    Raises:
        ParityError: if a clip is not equal to the reference, or a dimension's CCC is below the gate.
    """
    failure = _failure(report)
    if failure is not None:
        raise ParityError(failure, "the report shows every clip; a CCC means little over few")


def _failure(report: Mapping[str, Any]) -> str | None:
    wrong = report["clips"] - report["equal_clips"]
    if wrong:
        place = report["first_difference"]
        return (
            f"{wrong} of {report['clips']} clips differ from the integer reference; the first is {place['clip']}, "
            f"layer '{place['layer']}', row {place['row']}, element {place['index']}: "
            f"{place['board']} instead of {place['reference']}"
        )
    if report["ccc_gate"] is None or report["clips"] == 1:  # a correlation needs two
        return None
    low = [name for name in DIMENSIONS if report["ccc"][name] is None or report["ccc"][name] < CCC_GATE]
    if low:
        figures = ", ".join(f"{name} {_figure(report['ccc'][name])}" for name in low)
        return f"the CCC between board and float student is below {CCC_GATE}: {figures}"
    return None


def _figure(value: float | None) -> str:
    return "undefined (a constant output)" if value is None else f"{value:.4f}"


def _agreement(clips: Sequence[ClipResult]) -> dict[str, dict[str, float | None]]:
    """CCC, Pearson and RMSE of the board against the float student, by dimension."""

    def by_dimension(metric: Callable[[list[float], list[float]], float]) -> dict[str, float | None]:
        return {
            name: _finite(
                metric(
                    [clip.float_student[index] for clip in clips],
                    [clip.board[index] / _Q16 for clip in clips],
                )
            )
            for index, name in enumerate(DIMENSIONS)
        }

    return {"ccc": by_dimension(ccc), "pearson": by_dimension(pearson), "rmse": by_dimension(rmse)}


def _finite(value: float) -> float | None:
    """JSON has no NaN."""
    return value if math.isfinite(value) else None


def _sizes(build: BuildResult | Project, memory: MemoryReply) -> dict[str, Any]:
    """Bytes by memory and part; of an image that ESP-IDF linked, what the board itself says."""
    if isinstance(build, Project):
        return {
            "flash_bytes": None,
            "ram_static_bytes": memory.static_bytes,
            "ram_stack_reserved_bytes": memory.stack_bytes,
            "sections": [],
            "objects": {},
        }
    sizes = build.sizes
    return {
        "flash_bytes": sizes.flash_bytes,
        "ram_static_bytes": sizes.ram_static_bytes,
        "ram_stack_reserved_bytes": sizes.stack_bytes,
        "sections": [asdict(section) for section in sizes.sections],
        "objects": {name: {"flash_bytes": flash, "ram_bytes": ram} for name, (flash, ram) in sizes.objects.items()},
    }


def _speed(
    clips: Sequence[ClipResult], ticks_hz: int, emulator: Emulator | None, clock_hz: int | None
) -> dict[str, float | None]:
    """Instructions and time of the engine per second of audio, from the board's tick counter.

    Where an emulator's ticks count instructions, the time is what these would take at one instruction per clock cycle:
    an estimate, and labelled as such. The ticks of a board are time.
    """
    ticks = sum(clip.ticks for clip in clips)
    seconds = sum(clip.samples for clip in clips) / SAMPLE_RATE
    per_instruction = emulator.ticks_per_instruction if emulator else None
    if per_instruction is None:
        return {
            "instructions_per_second_of_audio": None,
            "engine_seconds_per_second_of_audio": ticks / ticks_hz / seconds,
            "clock_hz": None,
        }
    instructions = ticks / per_instruction / seconds
    return {
        "instructions_per_second_of_audio": round(instructions),
        "engine_seconds_per_second_of_audio": instructions / clock_hz if clock_hz else None,
        "clock_hz": clock_hz,
    }


def _identity(
    build: BuildResult | Project, student: QuantizedStudent, hashes: Mapping[str, str]
) -> dict[str, str]:
    if isinstance(build, Project):
        image = {"made by": "ESP-IDF"}
    else:
        image = {
            build.image.name: build.manifest["files"][build.image.name],
            "compiler": build.manifest["compiler"],
        }
    return {
        "build id": build.build_id.hex(),
        "quantised student": student.digest().hex(),
        "float checkpoint": student.checkpoint_sha256,
        "int8 backbone": student.backbone_sha256,
        **image,
        **hashes,
        "toolchain": toolchain.__version__,
    }


def _row(clip: ClipResult) -> dict[str, Any]:
    return {**asdict(clip), "equal": clip.equal}
