"""How long to fuzz: seconds in continuous integration, or as long as ``make fuzz SECONDS=600`` says."""

import os
from pathlib import Path

from hypothesis import HealthCheck, settings

_ROOT = Path(__file__).resolve().parents[2]

#: Seconds for each fuzz target of the firmware; None in continuous integration.
SECONDS = int(os.environ["FUZZ_SECONDS"]) if os.environ.get("FUZZ_SECONDS") else None
SHORT_SECONDS = 10

#: Where a long run keeps what it has found, so that the next one goes on from there.
KEPT = _ROOT / "build" / "fuzz"

_EXAMPLES = 150
_EXAMPLES_PER_SECOND = 20


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
