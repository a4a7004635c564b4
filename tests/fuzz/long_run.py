"""How long to fuzz: seconds in CI, or as long as ``make fuzz SECONDS=600`` says; what a long run came to."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from hypothesis import HealthCheck, settings

_ROOT = Path(__file__).resolve().parents[2]

#: Seconds for each fuzz target of the firmware; None in continuous integration.
SECONDS = int(os.environ["FUZZ_SECONDS"]) if os.environ.get("FUZZ_SECONDS") else None
SHORT_SECONDS = 10

#: Where a long run keeps what it has found, so that the next one goes on from there.
KEPT = _ROOT / "build" / "fuzz"

#: Figures of the last long run, which docs/fuzzing.md shows.
FIGURES = Path(__file__).with_suffix(".json")

_EXAMPLES = 150
_EXAMPLES_PER_SECOND = 20


@dataclass(frozen=True)
class Figures:
    """What a long run of one fuzz target came to; it has found nothing, for otherwise it would have failed.

    Attributes:
        inputs: tried.
        seconds: on one thread.
        edges: of the control flow, that some input has reached.
        all_edges: that there are in the sources whose edges are counted.
    """

    inputs: int
    seconds: int
    edges: int
    all_edges: int


def read_figures() -> dict[str, Figures]:
    """The last long run, by fuzz target."""
    return {name: Figures(**figures) for name, figures in json.loads(FIGURES.read_text(encoding="utf-8")).items()}


def keep_figures(target: str, figures: Figures) -> None:
    """Put one target's figures in the place of its earlier ones."""
    known = read_figures() if FIGURES.is_file() else {}
    content = {name: asdict(figure) for name, figure in sorted({**known, target: figures}.items())}
    FIGURES.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def readers_settings(weight: float = 1) -> settings:
    """How often a reader is tried: the same inputs every time, or as many new ones as a long run has time for.

    Args:
        weight: a reader's share of the usual number of examples; less where one takes long.
    """
    return settings(
        max_examples=max(20, round(weight * (SECONDS * _EXAMPLES_PER_SECOND if SECONDS else _EXAMPLES))),
        derandomize=SECONDS is None,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
    )
