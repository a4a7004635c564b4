"""The embedded calibration set: 24 short clips of real speech, so that quantising needs no corpus."""

from pathlib import Path


def calibration_folder() -> Path:
    """Folder of the clips: FLAC, 16 kHz mono, 1.5 s each; see its LICENSE.md for who speaks them."""
    return Path(__file__).resolve().parent
