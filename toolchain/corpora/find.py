"""Which layout a corpus has."""

from pathlib import Path

from toolchain.corpora import folder, iemocap, manifest, metadata, msp_podcast
from toolchain.corpora.entry import Corpus
from toolchain.errors import UsageError


def find_corpus(path: Path) -> Corpus:
    """Read a corpus in whatever layout it has.

    A CSV or JSON Lines file is a manifest; a folder is MSP-Podcast, IEMOCAP, corpora with ``metadata.csv``, or else any
    folder of audio.

    Raises:
        UsageError: There is nothing at ``path``, its lists are malformed, or it holds no recording.
    """
    if not path.exists():
        raise UsageError(f"there is no folder or manifest {path}")
    if path.is_file() and path.suffix.lower() in manifest.SUFFIXES:
        return manifest.read(path)
    for layout in (msp_podcast, iemocap, metadata):
        if path.is_dir() and layout.fits(path):
            return layout.read(path)
    return folder.read(path)
