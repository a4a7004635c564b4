"""The firmware's receiver and its whole session under libFuzzer, the sanitizers and checks of their own."""

import re
from pathlib import Path

import pytest

from tests.builds import replace_in_source
from tests.fuzz import firmware, make_corpus
from tests.fuzz.firmware import TARGETS, FuzzTarget, fuzz
from tests.fuzz.long_run import KEPT, SECONDS, SHORT_SECONDS, Figures, keep_figures, read_figures
from toolchain.link.protocol import REPLIES, ErrorCode, MessageType

FRAMES, SESSION = TARGETS

#: An image that is not profiled, and is sound, says neither.
_NEVER = {MessageType.PROFILE_REPLY, ErrorCode.IMAGE_DAMAGED}


@pytest.fixture(scope="module")
def programs(tmp_path_factory) -> dict[str, Path]:
    """The fuzz targets by name."""
    return {target.name: firmware.build(target, tmp_path_factory.mktemp(target.name)) for target in TARGETS}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_nothing_is_found(target: FuzzTarget, programs: dict[str, Path], tmp_path: Path) -> None:
    folder = KEPT / target.name if SECONDS else tmp_path
    options = [f"-max_total_time={SECONDS}"] if SECONDS else [f"-max_total_time={SHORT_SECONDS}", "-seed=1"]
    run = fuzz(target, programs[target.name], options, folder)
    assert run.runs > 1000
    assert 0 < run.edges < run.all_edges
    if SECONDS:
        keep_figures(target.name, Figures(run.runs, SECONDS, run.edges, run.all_edges))


def test_the_committed_figures_are_of_these_targets() -> None:
    figures = read_figures()
    assert set(figures) == {target.name for target in TARGETS}
    assert all(figure.seconds >= 300 for figure in figures.values())


def test_the_committed_inputs_are_those_that_are_made() -> None:
    made = {"frames": make_corpus.frames(), "session": make_corpus.sessions()}
    for target in TARGETS:
        committed = {path.name: path.read_bytes() for path in target.corpus.iterdir()}
        assert committed == made[target.name], "run python -m tests.fuzz.make_corpus"


def test_the_committed_inputs_reach_every_handler(programs: dict[str, Path], tmp_path: Path) -> None:
    text = fuzz(SESSION, programs["session"], ["-runs=0"], tmp_path).text
    replies = {int(kind, 16) for kind in re.findall(r"^reply ([0-9A-F]{2}): ", text, flags=re.MULTILINE)}
    errors = {int(code) for code in re.findall(r"^error (\d+): ", text, flags=re.MULTILINE)}
    assert replies == set(REPLIES) - _NEVER
    assert errors == set(ErrorCode) - _NEVER


#: A fault to plant: the target that must find it, the source, what stands there, and what is put in its place.
PLANTED = {
    "the receiver writes beyond its buffer": (
        FRAMES,
        "app/link.c",
        "incoming.length == LINK_CONTENT_LIMIT",
        "incoming.length == LINK_CONTENT_LIMIT + 40u",
    ),
    "the receiver forgets a zero": (FRAMES, "app/link.c", "        append(0);\n", ""),
    "something of a window is left for the next": (
        SESSION,
        "app/window.c",
        "    window.received = none;\n",
        "    window.received.samples = none.samples;\n",
    ),
    "a tapped row is read beyond its end": (
        SESSION,
        "app/session.c",
        "link_put(data, bytes);",
        "link_put(data, bytes + 1u);",
    ),
    "a wrong result is given": (
        SESSION,
        "app/window.c",
        "        if (window.result.statistics_agree) {\n",
        "        {\n",
    ),
}


@pytest.mark.parametrize("fault", sorted(PLANTED))
def test_a_planted_fault_is_found(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, source, before, after = PLANTED[fault]
    replace_in_source(monkeypatch, source, before, after, builder=firmware)
    program = firmware.build(target, tmp_path)
    with pytest.raises(AssertionError, match=r"AddressSanitizer|runtime error|does not hold"):
        fuzz(target, program, ["-runs=20000", "-seed=1"], tmp_path / "work")
