"""Measure what running normalisation costs in a stream, and write the table into numeric-contract.md.

``python docs/running.py`` takes some minutes. It needs Debian's recordings, or a folder of one speaker's as its
argument, and no board: the reference stands for the C, which equals it.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toolchain.audio import installed_corpus, select_clips
from toolchain.cli.students import open_student
from toolchain.files import write_atomically
from toolchain.model_names import MODELS, SAMPLE_RATE
from toolchain.reference.engine import run
from toolchain.reference.running import RunningEstimate
from toolchain.verify import FloatStudent
from toolchain.verify.metrics import ccc

CONTRACT = Path(__file__).with_name("numeric-contract.md")
BEGIN, END = "<!-- running: begin -->", "<!-- running: end -->"
RECORDINGS = 100

Windows = list[NDArray[np.int16]]


def streams(recordings: Windows) -> Iterator[tuple[str, Windows]]:
    """The windows of a stream in their order, by what they are."""
    yield "each recording whole", recordings
    audio = np.concatenate(recordings)
    for seconds in (1, 3):
        length = seconds * SAMPLE_RATE
        yield f"{seconds} s, wherever it falls", [
            audio[start : start + length] for start in range(0, len(audio) - length + 1, length)
        ]


def row(model: str, what: str, windows: Windows) -> tuple[str, ...]:
    """One student over one stream: the CCC of the deployed integers against the float student."""
    student = open_student(model, None)
    float_student = FloatStudent(student.folder.onnx, student.quantized)
    running = RunningEstimate()
    heard = np.array([run(student.quantized, pcm, running).values for pcm in windows])
    truth = np.array([float_student(pcm) for pcm in windows])
    figures = " / ".join(f"{ccc(truth[:, index], heard[:, index]):.3f}" for index in range(3))
    return f"`{model}`", what, str(len(windows)), figures


def main() -> None:
    """Replace what stands between the markers."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else installed_corpus()
    recordings = [clip.pcm for clip in select_clips(folder, RECORDINGS).clips]
    rows = [("student", "window", "windows", "CCC A / D / V"), ("---",) * 4]
    rows += [row(model, what, windows) for model in MODELS for what, windows in streams(recordings)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in rows)
    before, _, rest = CONTRACT.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    write_atomically(CONTRACT, f"{before}{BEGIN}\n{table}\n{END}{after}")


if __name__ == "__main__":
    main()
