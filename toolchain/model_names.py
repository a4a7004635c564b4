"""Names shared by every package: models, output dimensions, sample rate."""

MODELS = ("wav2small-17k", "wav2small-72k")

#: Order of the three outputs everywhere (facts of the public checkpoint): roughly 0..1 each.
DIMENSIONS = ("arousal", "dominance", "valence")

#: Hz; every model hears 16 kHz mono.
SAMPLE_RATE = 16_000
