"""Names shared by every package: models, output dimensions, sample rate, normalisation."""

from enum import StrEnum

#: The students that reach a board.
MODELS = ("wav2small-17k", "wav2small-72k")

#: The paper's other students, to compare with.
OTHER_STUDENTS = ("mobilenetv3-small", "mobilenetv3-large", "mobilenetv4-small", "mobilenetv4-medium", "cnn14")

ALL_STUDENTS = MODELS + OTHER_STUDENTS

#: Order of the three outputs everywhere (facts of the public checkpoint): roughly 0..1 each.
DIMENSIONS = ("arousal", "dominance", "valence")

#: Hz; every model hears 16 kHz mono.
SAMPLE_RATE = 16_000


class Normalisation(StrEnum):
    """How a board normalises what it hears (docs/numeric-contract.md)."""

    #: Over the window, whose sums the host sends first.
    TWO_PASS = "two-pass"
    #: By a running estimate, as live audio must be.
    RUNNING = "running"
