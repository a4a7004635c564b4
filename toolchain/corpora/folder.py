"""Any folder of audio, or one audio file."""

from pathlib import Path

from toolchain.audio.corpus import find_clips
from toolchain.corpora.entry import Corpus, CorpusEntry


def read(path: Path) -> Corpus:
    """List every WAV, FLAC and OGG file under ``path``, sorted; nothing is known about their speakers.

    Raises:
        UsageError: There is no such folder, or it holds no such file.
    """
    root = path.parent if path.is_file() else path
    return Corpus("folder", tuple(CorpusEntry(clip, clip.relative_to(root).as_posix()) for clip in find_clips(path)))
