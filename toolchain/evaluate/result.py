"""What an evaluation found: one record per student, and what it was measured with."""

from typing import Literal

import toolchain
from toolchain.records import Record

#: Whom a student is compared with: the teacher, the targets that the corpus carries, or itself in float.
Against = Literal["teacher", "corpus", "float"]

#: In which arithmetic a student answers: torch's, or the integers of every board.
Form = Literal["float", "int8"]


class Latency(Record):
    """Milliseconds for one window, on one thread, in a process of its own."""

    median_ms: float
    lowest_ms: float
    runs: int


class Runtime(Record):
    """What ONNX Runtime needs for a model file and a window of audio.

    Attributes:
        latency: after warm-up.
        memory_bytes: highest resident size after loading and running the model, less that after the import of ONNX
            Runtime; None where the system does not tell.
    """

    seconds: float
    latency: Latency
    memory_bytes: int | None


class Costs(Record):
    """What a student costs.

    Attributes:
        parameters_trained: those that training changes.
        parameters: all, with the frozen ones of the front end.
        macs: multiply-accumulates for 1 s of audio, from the log-mel image on.
        front_end_macs: the same up to the image, whose transform is counted as the two convolutions that it is here.
        onnx_int8_bytes: size of the int8 ONNX file.
        runtime: of that file.
    """

    parameters_trained: int
    parameters: int
    macs: int
    front_end_macs: int
    onnx_int8_bytes: int
    runtime: Runtime


class Agreement(Record):
    """CCC of a student's outputs over the recordings of one corpus; None where it is not defined."""

    corpus: str
    form: Form = "float"
    against: Against
    recordings: int
    arousal: float | None
    dominance: float | None
    valence: float | None


class Row(Record):
    """One student.

    Attributes:
        student: as it was named on the command line.
        model: its architecture.
        trained: False for one with random weights, whose agreement is not asked for.
    """

    student: str
    model: str
    trained: bool
    costs: Costs
    agreement: tuple[Agreement, ...] = ()


class Evaluation(Record):
    """All rows.

    Attributes:
        split: part of the corpora that was heard; None without a corpus.
        teacher: identity of the teacher; None without one.
        versions: of the packages that the costs depend on.
    """

    toolchain: str = toolchain.__version__
    split: str | None
    teacher: str | None
    versions: dict[str, str]
    rows: tuple[Row, ...]
