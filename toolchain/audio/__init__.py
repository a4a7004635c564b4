"""Audio in: files to 16 kHz 16-bit PCM, corpora to windows, windows to the sums the normaliser needs."""

from toolchain.audio.corpus import find_clips, installed_corpus
from toolchain.audio.load import load_pcm16
from toolchain.audio.statistics import WindowStatistics
from toolchain.audio.windows import Clip, Selection, Skipped, select_clips

__all__ = [
    "Clip",
    "Selection",
    "Skipped",
    "WindowStatistics",
    "find_clips",
    "installed_corpus",
    "load_pcm16",
    "select_clips",
]
