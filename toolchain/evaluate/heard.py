"""How a student's answers agree with a teacher's, and with what a corpus says itself."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toolchain.corpora import Split, find_corpus
from toolchain.distill.division import as_entry
from toolchain.distill.evaluate import concordance, predict
from toolchain.distill.guide import answered
from toolchain.distill.recordings import Recordings, load_recordings
from toolchain.errors import UsageError
from toolchain.evaluate.result import Against, Agreement, Form
from toolchain.model.network import Network
from toolchain.native import int8_outputs
from toolchain.quantize.student import QuantizedStudent
from toolchain.teacher.base import Teacher


@dataclass(frozen=True, eq=False)
class Heard:
    """One corpus's recordings, and the answers that a student is compared with, each (n, 3)."""

    corpus: str
    pcm: tuple[NDArray[np.int16], ...]
    truths: dict[Against, NDArray[np.float32]]


def hear(folder: Path, split: Split, teacher: Teacher | None, *, need_truth: bool = True) -> list[Heard]:
    """Read one part of the corpora in ``folder``, and ask the teacher, if there is one.

    Acted corpora (``metadata.csv``) carry ratings of emotion words, MSP-Podcast and IEMOCAP those of people. A corpus
    that is not divided is heard whole.

    Args:
        folder: One corpus, or a folder of acted ones.
        split: Which part.
        teacher: Whose answers are compared with, too.
        need_truth: Whether a corpus without targets is of no use unless there is a teacher.

    Raises:
        UsageError: The corpus cannot be read, has no such part, or carries no targets that are needed.
    """
    recordings = _read(folder, split)
    names = sorted(set(recordings.corpora))
    heard = [_hear(name, recordings.of_corpus(name), teacher) for name in names]
    if need_truth and not all(one.truths for one in heard):
        raise UsageError(f"{folder} says nothing of arousal, dominance and valence.", "Give --teacher to compare with.")
    return heard


def agreements(
    network: Network, heard: list[Heard], quantized: QuantizedStudent | None = None
) -> tuple[Agreement, ...]:
    """Return the student's CCC for every corpus and everything it is compared with.

    Args:
        network: The float student.
        heard: Corpora.
        quantized: The same student on integers, which is compared with the float one, too.
    """
    return tuple(agreement for one in heard for agreement in _agreements(network, one, quantized))


def _agreements(network: Network, heard: Heard, quantized: QuantizedStudent | None) -> Iterator[Agreement]:
    # What is too short for a network is repeated, as it is for a teacher.
    clips = [np.resize(pcm, max(len(pcm), network.shortest)) for pcm in heard.pcm]
    outputs = predict(network, clips)
    yield from _compare(heard.corpus, "float", outputs, heard.truths)
    if quantized is not None:
        truths: dict[Against, NDArray[np.float32]] = {**heard.truths, "float": outputs}
        yield from _compare(heard.corpus, "int8", int8_outputs(quantized, clips), truths)


def _compare(
    corpus: str, form: Form, outputs: NDArray[np.float32], truths: dict[Against, NDArray[np.float32]]
) -> Iterator[Agreement]:
    for against, truth in truths.items():
        known = ~np.isnan(truth).any(axis=1)
        values = concordance(outputs[known], truth[known])
        defined = {name: value if math.isfinite(value) else None for name, value in values.items()}
        yield Agreement(corpus=corpus, form=form, against=against, recordings=int(known.sum()), **defined)


def _hear(name: str, recordings: Recordings, teacher: Teacher | None) -> Heard:
    truths: dict[Against, NDArray[np.float32]] = {}
    if teacher is not None:
        truths["teacher"] = answered(teacher, recordings).targets
    if not np.isnan(recordings.targets).all():
        truths["corpus"] = recordings.targets
    return Heard(name, tuple(recordings.pcm), truths)


def _read(folder: Path, split: Split) -> Recordings:
    """The recordings of one part; a corpus that is not divided is heard whole."""
    corpus = find_corpus(folder)
    divided = any(entry.split for entry in corpus)
    chosen = [as_entry(entry, corpus.layout) for entry in corpus if entry.split is split or not divided]
    if not chosen:
        raise _no_part(folder, split)
    return load_recordings(chosen, trim=True)


def _no_part(folder: Path, split: Split) -> UsageError:
    return UsageError(f"{folder} has no {split.value} recordings.", "Choose another part with --split.")
