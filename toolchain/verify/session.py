"""One verification from start to end: start the board, run the clips, put the report together."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from toolchain.audio import Selection
from toolchain.build import BuildResult, Project, exact_copy
from toolchain.errors import UsageError
from toolchain.flash import open_board
from toolchain.link import Board
from toolchain.model_names import Normalisation
from toolchain.quantize.student import QuantizedStudent
from toolchain.target import Target
from toolchain.verify.health import health_facts, require_sound
from toolchain.verify.parity import ClipResult, FloatModel, KeptClips, compare
from toolchain.verify.report import make_report


def verify(
    *,
    target: Target,
    build: BuildResult | Project,
    student: QuantizedStudent,
    float_student: FloatModel,
    selection: Selection,
    hashes: Mapping[str, str],
    port: str | None = None,
    progress: Callable[[ClipResult], None] = lambda result: None,
    normalisation: Normalisation = Normalisation.TWO_PASS,
    kept: KeptClips | None = None,
) -> dict[str, Any]:
    """Run the selected clips on the board and return the report; nothing is written and no gate applied.

    Args:
        target: the board.
        build: its image, of ``student``; or the project that ESP-IDF made its image from.
        student: the deployed model.
        float_student: the float model it was made from.
        selection: the clips.
        hashes: SHA-256 of further files by name, for the report.
        port: where the board already runs; None starts the target's emulator, of which ESP-IDF's images have none.
        progress: called after each clip.
        normalisation: what board and reference do.
        kept: the clips that an interrupted run has measured, which are not run again; keeps those of this one.

    Raises:
        UsageError: if no port is given for an image made by ESP-IDF.
        FlashError: if the emulator cannot be started.
        LinkError: if the board does not answer, stops answering, or runs another build or model.
        ParityError: if a board whose output is wrong gives rows of the wrong shape.
    """
    with running(target, build, port) as url, Board(url, baud=target.baud) as board:
        hello = board.require(build_id=build.build_id, model_hash=build.model_hash)
        health = require_sound(board, build)
        parity = compare(board, student, float_student, selection.clips, progress, normalisation, kept)
        usage = board.memory()
    report = make_report(
        target=target,
        student=student,
        build=build,
        parity=parity,
        memory=usage,
        ticks_hz=hello.ticks_hz,
        skipped=selection.skipped,
        hashes=hashes,
        port=port,
        normalisation=normalisation,
    )
    return {**report, "health": health_facts(health)}


@contextmanager
def running(target: Target, build: BuildResult | Project, port: str | None) -> Iterator[str]:
    """The port of a board that runs ``build``, for as long as the block lasts."""
    if isinstance(build, Project):
        if port is None:
            raise UsageError(
                "ESP-IDF flashes its own images, so this board must run already",
                "run 'idf.py flash' in the project, then name the board's port with --port",
            )
        yield port
    else:
        with exact_copy(build) as copy, open_board(target, copy.elf, port) as url:
            yield url
