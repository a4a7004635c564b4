"""The model card beside a trained student: every figure in it is measured here or read from the run's record."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from toolchain.distill.corpus import Entry, Recordings, Split, load_recordings
from toolchain.distill.evaluate import concordance, loudest
from toolchain.distill.state import HISTORY_FILE
from toolchain.files import sha256_file, write_atomically
from toolchain.model import checkpoint
from toolchain.model.students import Student
from toolchain.model_names import SAMPLE_RATE

CARD_FILE = "card.md"

_NON_COMMERCIAL = "CC BY-NC-SA 4.0"


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
    """Concordance on one part; ``audio`` says how much of each recording was heard."""

    part: str
    audio: str
    ccc: dict[str, float]


_KNOWN = (
    Source("ravdess", "RAVDESS speech (Livingstone and Russo 2018, doi 10.1371/journal.pone.0196391)", _NON_COMMERCIAL),
    Source("nemo", "nEMO (Christop 2024), Polish", _NON_COMMERCIAL),
)


def write_card(run: Path, split: Split) -> None:
    """Measure the student in ``run`` on validation and test speakers and write ``card.md`` beside it.

    Args:
        run: Folder with ``model.safetensors`` and ``history.json``, as training leaves it.
        split: The corpus it was trained on.
    """
    student = checkpoint.load(run)
    record = json.loads((run / HISTORY_FILE).read_text(encoding="utf-8"))
    names = sorted({entry.speaker.partition("/")[0] for entry in split.train})
    corpora = [_source(name) for name in names]
    parts, scores = _measure(student, split)
    context: dict[str, Any] = {
        "model": student.name,
        "trained": sum(p.numel() for p in student.parameters() if p.requires_grad),
        "sha256": sha256_file(run / checkpoint.FILE_NAME),
        "corpora": corpora,
        "parts": parts,
        "config": record["config"],
        "best_epoch": record["best_epoch"],
        "scores": scores,
        "non_commercial": any(corpus.licence == _NON_COMMERCIAL for corpus in corpora),
    }
    write_atomically(run / CARD_FILE, _environment().get_template("card.md.j2").render(context))


def _measure(student: Student, split: Split) -> tuple[list[Part], list[Score]]:
    parts, scores = [], []
    for name, entries in {"training": split.train, **_held_out(split)}.items():
        recordings = load_recordings(entries)
        parts.append(_part(name, entries, recordings))
        if name != "training":
            scores.append(Score(name, "whole recording", concordance(student, recordings)))
            second = loudest(recordings, SAMPLE_RATE)
            scores.append(Score(name, "loudest second", concordance(student, second)))
    return parts, scores


def _held_out(split: Split) -> dict[str, tuple[Entry, ...]]:
    """Validation and test entries, each by corpus."""
    held_out: dict[str, tuple[Entry, ...]] = {}
    for name, entries in (("validation", split.validation), ("test", split.test)):
        for corpus in sorted({entry.speaker.partition("/")[0] for entry in entries}):
            chosen = tuple(entry for entry in entries if entry.speaker.startswith(f"{corpus}/"))
            held_out[f"{name}, {corpus}"] = chosen
    return held_out


def _part(name: str, entries: tuple[Entry, ...], recordings: Recordings) -> Part:
    speakers = tuple(sorted({entry.speaker for entry in entries}, key=_natural))
    seconds = sum(len(pcm) for pcm in recordings.pcm) / SAMPLE_RATE
    return Part(name, speakers, len(recordings), seconds / 60)


def _natural(speaker: str) -> tuple[str, int, str]:
    """Sort key that puts speaker 9 before speaker 10."""
    corpus, _, number = speaker.partition("/")
    return corpus, int(number) if number.isdecimal() else 0, number


def _source(name: str) -> Source:
    return next((known for known in _KNOWN if known.name == name), Source(name, "own recordings", "not stated"))


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("toolchain.distill", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
