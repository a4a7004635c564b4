"""``toolchain monitor``."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolchain.cli.console import step
from toolchain.cli.options import (
    DEFAULT_OUT,
    Framework,
    FrameworkOption,
    JsonOption,
    ModelOption,
    OutOption,
    PortOption,
    StudentOption,
    TargetOption,
)
from toolchain.model_names import SAMPLE_RATE

if TYPE_CHECKING:
    import numpy as np

    from toolchain.link import Board, Listening, LiveResult
    from toolchain.target import Target

EXAMPLE = "toolchain monitor --target lm3s6965evb --every 500"

_MS_PER_SECOND = 1000


def monitor(
    target: TargetOption,
    model: ModelOption = None,
    student: StudentOption = None,
    every: Annotated[
        int, typer.Option("--every", "-e", min=100, max=60_000, metavar="MS", help="A result every MS milliseconds.")
    ] = 1000,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, metavar="S", help="Stop after so many seconds of audio; else with Ctrl-C.")
    ] = None,
    feed: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Feed this recording in place of the microphone.")
    ] = None,
    corpus: Annotated[
        Path | None,
        typer.Option(
            "--corpus",
            "-c",
            metavar="FOLDER",
            help="Feed these recordings, one after the other. A board without a microphone is fed those of Debian's "
            "asterisk-core-sounds-en-wav if nothing else is named.",
        ),
    ] = None,
    lossless: Annotated[
        bool, typer.Option("--lossless", help="Feed as fast as the board takes it, not in real time, and drop nothing.")
    ] = False,
    port: PortOption = None,
    framework: FrameworkOption = Framework.BARE_METAL,
    out: OutOption = DEFAULT_OUT,
    json: JsonOption = False,
) -> None:
    """Let a board listen and draw arousal, dominance and valence over time; Ctrl-C stops it.

    The board listens to its own microphone. One that has none is fed from recordings by this computer, in real time:
    samples that line or core are too slow for are dropped and counted. With --json, one line of JSON for each result.
    """
    from toolchain.cli.boards import choose_port
    from toolchain.cli.students import open_student
    from toolchain.cli.verify import find_build
    from toolchain.link import Board
    from toolchain.target import load_target
    from toolchain.verify.session import running

    description, image = find_build(load_target(target), open_student(model, student), framework, out)
    if description.emulator is None:
        port = choose_port(description, port)
    audio, heard = _audio(_has_microphone(description, framework), feed, corpus)
    title = f"{image.manifest['model']} on {description.name}: {heard}"
    with running(description, image, port) as url, Board(url, baud=description.baud) as board:
        board.require(build_id=image.build_id, model_hash=image.model_hash)
        _follow(board, audio, window=every * SAMPLE_RATE // _MS_PER_SECOND, seconds=seconds, lossless=lossless,
                title=title, as_json=json)  # fmt: skip


def _has_microphone(target: "Target", framework: Framework) -> bool:
    """Whether the image has a driver for one. ESP-IDF has its own, for any whose pins the target names."""
    from toolchain.target import HOST_MICROPHONE

    microphone = target.board.microphone
    return microphone.driver != HOST_MICROPHONE or (framework is Framework.ESP_IDF and bool(microphone.pins))


def _audio(
    has_microphone: bool, feed: Path | None, corpus: Path | None
) -> tuple["Iterator[np.ndarray] | None", str]:
    """What to feed the board, None for nothing, and how to call what it hears.

    Raises:
        UsageError: if a recording that was named cannot be used.
        MissingToolError: if none was named, and Debian's are not installed.
    """
    from toolchain.audio import find_clips, installed_corpus, load_pcm16

    if feed is not None:
        return iter([load_pcm16(feed)]), f"fed from {feed}"
    if corpus is None and has_microphone:
        return None, "its microphone"
    folder = corpus or installed_corpus()
    return _recordings(find_clips(folder)), f"fed from {folder}"


def _recordings(paths: list[Path]) -> "Iterator[np.ndarray]":
    from toolchain.audio import load_pcm16
    from toolchain.errors import UsageError

    for path in paths:
        try:
            yield load_pcm16(path)
        except UsageError as error:
            step(f"note: {error.message}")


def _follow(
    board: "Board",
    audio: "Iterator[np.ndarray] | None",
    *,
    window: int,
    seconds: float | None,
    lossless: bool,
    title: str,
    as_json: bool,
) -> None:
    """Show results until the audio or the time is over, or Ctrl-C is pressed; then say what was lost."""
    from toolchain.cli.monitor_view import make_view
    from toolchain.link import Source

    results = 0
    source = Source.MICROPHONE if audio is None else Source.HOST
    with suppress(KeyboardInterrupt), board.listen(window, source) as live, make_view(title, window, as_json) as view:
        for result in _results(live, audio, seconds, lossless):
            results += 1
            view.show(result)
    lost = f"{live.dropped:,} samples were dropped" if live.dropped else "nothing was dropped"
    step(f"stopped after {results} results; {lost}")


def _results(
    live: "Listening", audio: "Iterator[np.ndarray] | None", seconds: float | None, lossless: bool
) -> "Iterator[LiveResult]":
    if audio is not None:
        yield from live.results_of(_first(audio, seconds), real_time=not lossless)
        return
    limit = None if seconds is None else seconds * SAMPLE_RATE
    yield from takewhile(lambda result: limit is None or result.index * result.samples < limit, live.results())


def _first(audio: "Iterator[np.ndarray]", seconds: float | None) -> "Iterator[np.ndarray]":
    """The first ``seconds`` of a stream."""
    if seconds is None:
        yield from audio
        return
    left = round(seconds * SAMPLE_RATE)
    for pcm in audio:
        if left <= 0:
            return
        yield pcm[:left]
        left -= len(pcm)
