"""Which speech the ranges of the activations are taken from."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from toolchain.audio import Clip, select_clips
from toolchain.audio.calibration import calibration_folder
from toolchain.corpora import metadata
from toolchain.distill.division import divide


def calibration_clips(paths: Sequence[Path], count: int) -> list[Clip]:
    """Return up to ``count`` clips of each path, or the embedded ones if there is no path.

    Of corpora whose speakers are known (``metadata.csv``), only those that train are taken.

    Raises:
        UsageError: A path has no recording that can be used.
    """
    return [clip for path in paths or [calibration_folder()] for clip in _clips(path, count)]


def _clips(path: Path, count: int) -> list[Clip]:
    if path.resolve() == calibration_folder():
        return [replace(clip, name=f"embedded/{clip.name}") for clip in select_clips(path, count).clips]
    if not metadata.fits(path):
        return [*select_clips(path, count).clips]
    trains = {entry.path for entry in divide(path).train}
    return [*select_clips(path, count, accept=trains.__contains__).clips]
