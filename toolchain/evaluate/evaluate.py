"""Evaluate students: one row each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from toolchain.audio import select_clips
from toolchain.audio.calibration import calibration_folder
from toolchain.corpora import Split
from toolchain.errors import UsageError
from toolchain.evaluate.costs import Signals, measure_costs, settle
from toolchain.evaluate.heard import Heard, agreements, hear
from toolchain.evaluate.result import Evaluation, Row
from toolchain.files import sha256_file
from toolchain.model import checkpoint
from toolchain.model.network import Network
from toolchain.model.students import create
from toolchain.model_names import MODELS
from toolchain.quantize.folder import QUANTIZED, StudentFolder
from toolchain.quantize.student import QuantizedStudent
from toolchain.quantize.student_file import load_student
from toolchain.resources import student_dir
from toolchain.teacher.base import Teacher

#: Called with the name of what is done next.
OnStep = Callable[[str], None]

_PACKAGES = ("torch", "onnxruntime")


@dataclass(frozen=True, eq=False)
class Contestant:
    """A student to evaluate, under the name it was given by, and its form on integers where that is wanted."""

    name: str
    network: Network
    trained: bool
    quantized: QuantizedStudent | None = None


def open_contestants(
    checkpoints: Sequence[str], untrained: Sequence[str], *, int8: bool = False
) -> list[Contestant]:
    """Load checkpoints (a bundled student's name, a file, a folder or a hub id) and make untrained students.

    Args:
        checkpoints: Trained students.
        untrained: Names of architectures.
        int8: Whether the quantised form of each trained student is wanted, too.

    Raises:
        UsageError: A checkpoint cannot be loaded, a name is unknown, there is nothing to evaluate, or a student has no
            quantised form beside it, or that of another checkpoint.
        MissingToolError: One is a MobileNet and timm is not installed.
    """
    if not checkpoints and not untrained:
        raise UsageError("which students?", "name checkpoints or bundled students, or --untrained NAME")
    trained = [_trained(name, int8) for name in checkpoints]
    return trained + [Contestant(name, create(name), False) for name in untrained]


def evaluate(
    contestants: Sequence[Contestant],
    corpus: Path | None,
    teacher: Teacher | None,
    split: Split = Split.TEST,
    on_step: OnStep = lambda what: None,
) -> Evaluation:
    """Measure what the students cost and, with a corpus, how well they agree.

    Args:
        contestants: Students.
        corpus: See :func:`toolchain.evaluate.heard.hear`; None for costs only.
        teacher: Whom the trained students are compared with.
        split: Part of the corpus.
        on_step: Progress.

    Raises:
        UsageError: The corpus cannot be used.
        MissingToolError: The extra ``convert`` is not installed.
        BuildError: A conversion changes a student's outputs, or ONNX Runtime fails.
    """
    on_step("reading the corpus")
    int8 = any(contestant.quantized for contestant in contestants)
    heard = hear(corpus, split, teacher, need_truth=not int8) if corpus else []
    calibration = [clip.pcm.astype(np.float32) / np.float32(32768) for clip in select_clips(calibration_folder()).clips]
    rows = []
    for contestant in contestants:
        on_step(contestant.name)
        rows.append(_row(contestant, heard, calibration))
    return Evaluation(
        split=split.value if heard else None,
        teacher=teacher.identity if heard and teacher else None,
        versions={package: version(package) for package in _PACKAGES},
        rows=tuple(rows),
    )


def _trained(name: str, int8: bool) -> Contestant:
    source = _source(name)
    return Contestant(name, checkpoint.load(source), True, _quantized(Path(source)) if int8 else None)


def _quantized(source: Path) -> QuantizedStudent:
    folder = StudentFolder(source)
    if not folder.quantized.is_file():
        raise UsageError(f"{source} holds no quantised student ({QUANTIZED})", "make one with 'toolchain quantize'")
    quantized = load_student(folder.quantized)
    if quantized.checkpoint_sha256 != sha256_file(folder.checkpoint):
        raise UsageError(
            f"{folder.checkpoint} and the quantised student beside it come from different checkpoints",
            "make both again with 'toolchain quantize'",
        )
    return quantized


def _source(name: str) -> str | Path:
    # A folder that is called like a bundled student is the user's.
    return student_dir(name) if name in MODELS and not Path(name).exists() else name


def _row(contestant: Contestant, heard: list[Heard], calibration: Signals) -> Row:
    network = contestant.network
    if not contestant.trained:
        settle(network, calibration)
    return Row(
        student=contestant.name,
        model=network.name,
        trained=contestant.trained,
        costs=measure_costs(network, calibration),
        agreement=agreements(network, heard, contestant.quantized) if contestant.trained else (),
    )
