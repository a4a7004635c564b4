"""The model cards: every figure in them is measured here or read from a run's record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy.typing import NDArray

from toolchain.distill.division import Division, Entry, divide
from toolchain.distill.evaluate import predict
from toolchain.distill.guide import Guide, TeacherGuide
from toolchain.distill.recordings import Pcm, Recordings, duration
from toolchain.distill.scores import Interval, agreement
from toolchain.distill.state import read_record
from toolchain.files import sha256_file, write_atomically
from toolchain.model import checkpoint
from toolchain.model_names import MODELS
from toolchain.native import int8_outputs
from toolchain.quantize.folder import StudentFolder
from toolchain.quantize.student_file import load_student
from toolchain.teacher.acted import FILE_NAME as TEACHER_FILE
from toolchain.teacher.acted import ActedTeacher
from toolchain.version import commit

CARD_FILE = "card.md"

_NON_COMMERCIAL = "CC BY-NC-SA 4.0"

Outputs = NDArray[np.float32]
#: A form of a student: clips to outputs, (n, 3).
Form = Callable[[Sequence[Pcm]], Outputs]


@dataclass(frozen=True)
class Source:
    """Where a corpus comes from and what it may be used for."""

    name: str
    source: str
    licence: str


@dataclass(frozen=True)
class Part:
    """Size of one part of the split."""

    name: str
    speakers: tuple[str, ...]
    recordings: int
    minutes: float


@dataclass(frozen=True)
class Score:
    """Concordance of ``first`` with ``second`` over the recordings of one part."""

    part: str
    first: str
    second: str
    ccc: dict[str, Interval]


_KNOWN = (
    Source("ravdess", "RAVDESS speech (Livingstone and Russo 2018, doi 10.1371/journal.pone.0196391)", _NON_COMMERCIAL),
    Source("nemo", "nEMO (Christop 2024), Polish", _NON_COMMERCIAL),
)


def write_student_card(folder: Path, corpus: Path, guide: Guide) -> None:
    """Measure the student in ``folder``, float and (where it is quantised) int8, and write ``card.md`` beside it.

    Args:
        folder: With ``model.safetensors``, ``history.json`` and, once quantised, ``quantized.safetensors``.
        corpus: What it was distilled on; its validation and test parts are measured.
        guide: Whom it follows.
    """
    student = checkpoint.load(folder)
    quantised = StudentFolder(folder).quantized
    forms: dict[str, Form] = {"float student": lambda clips: predict(student, clips)}
    if quantised.is_file():
        int8 = load_student(quantised)
        forms["int8 student"] = lambda clips: int8_outputs(int8, clips)
    division = divide(corpus)
    scores = [
        score
        for part, entries in _held_out(division).items()
        for score in _student_scores(forms, part, *guide.hear(entries), division.targets)
    ]
    _write(
        folder,
        "student_card.md.j2",
        division,
        model=student.name,
        on_boards=student.name in MODELS,
        trained=sum(p.numel() for p in student.parameters() if p.requires_grad),
        sha256=sha256_file(folder / checkpoint.FILE_NAME),
        guide=guide,
        members=getattr(guide.teacher, "members", 1) if isinstance(guide, TeacherGuide) else 0,
        scores=scores,
        quantised=quantised.is_file(),
        **read_record(folder),
    )


def write_teacher_card(folder: Path, corpus: Path, members: list[Path]) -> None:
    """Measure the acted-speech teacher in ``folder`` and write ``card.md`` beside it.

    Args:
        folder: With ``teacher.safetensors``.
        corpus: The corpora it was trained on; held-out speakers are measured.
        members: Folders of the runs that trained its members.
    """
    teacher = ActedTeacher.load(folder)
    division = divide(corpus)
    guide = TeacherGuide(teacher)
    scores = []
    for part, entries in _held_out(division).items():
        heard, answers = guide.hear(entries)
        scores.append(Score(part, "teacher", "words", agreement(answers, heard.targets)))
    records = [read_record(member) for member in members]
    _write(
        folder,
        "teacher_card.md.j2",
        division,
        members=len(members),
        trained=teacher.parameters,
        sha256=sha256_file(folder / TEACHER_FILE),
        scores=scores,
        **{**records[0], "seeds": [record["config"]["seed"] for record in records]},
    )


def _student_scores(
    forms: dict[str, Form], part: str, heard: Recordings, answers: Outputs, targets: str
) -> list[Score]:
    outputs = {name: form(heard.pcm) for name, form in forms.items()}
    known = ~np.isnan(heard.targets).any(axis=1)
    scores = []
    for name, values in outputs.items():
        scores.append(Score(part, name, "teacher", agreement(values, answers)))
        if known.any():
            scores.append(Score(part, name, targets, agreement(values[known], heard.targets[known])))
    if len(outputs) == 2:
        scores.append(Score(part, "int8 student", "float student", agreement(*reversed(list(outputs.values())))))
    return scores


def _write(folder: Path, template: str, division: Division, **measured: Any) -> None:
    names = sorted({entry.corpus for entry in division.train})
    corpora = [_source(name) for name in names]
    context = {
        "corpora": corpora,
        "parts": _parts(division),
        "commit": commit(),
        "non_commercial": any(corpus.licence == _NON_COMMERCIAL for corpus in corpora),
        **measured,
    }
    write_atomically(folder / CARD_FILE, _environment().get_template(template).render(context))


def _held_out(division: Division) -> dict[str, list[Entry]]:
    """Validation and test entries, each by corpus."""
    held_out: dict[str, list[Entry]] = {}
    for name, entries in (("validation", division.validation), ("test", division.test)):
        held_out |= {f"{name}, {corpus}": chosen for corpus, chosen in _by_corpus(entries).items()}
    return held_out


def _parts(division: Division) -> list[Part]:
    parts = {"training": division.train, **_held_out(division)}
    return [_part(name, entries) for name, entries in parts.items()]


def _by_corpus(entries: tuple[Entry, ...]) -> dict[str, list[Entry]]:
    return {name: [e for e in entries if e.corpus == name] for name in sorted({e.corpus for e in entries})}


def _part(name: str, entries: Sequence[Entry]) -> Part:
    speakers = tuple(sorted({entry.speaker for entry in entries}, key=_natural))
    return Part(name, speakers, len(entries), sum(duration(entry.path) for entry in entries) / 60)


def _natural(speaker: str) -> tuple[str, int, str]:
    """Sort key that puts speaker 9 before speaker 10."""
    corpus, _, number = speaker.partition("/")
    return corpus, int(number) if number.isdecimal() else 0, number


def _source(name: str) -> Source:
    return next((known for known in _KNOWN if known.name == name), Source(name, "own recordings", "not stated"))


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("toolchain.distill", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["interval"] = _interval
    return environment


def _interval(score: Interval) -> str:
    return f"{score.value:.3f} ({score.low:.3f} to {score.high:.3f})"
