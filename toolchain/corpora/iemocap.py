"""IEMOCAP (Busso et al. 2008, doi 10.1007/s10579-008-9076-6), as its licence holders receive it.

``SessionN/sentences/wav/<dialogue>/<dialogue>_<turn>.wav``, where a turn begins with the speaker's gender (F or M), and
``SessionN/dialog/EmoEvaluation/<dialogue>.txt`` with a line for each turn: its times, its name, its emotion, and the
means of the ratings as ``[V, A, D]`` on 1..5. There is no official split.
"""

import math
import re
from pathlib import Path

from toolchain.corpora.entry import Corpus, CorpusEntry, open_list, scaled
from toolchain.errors import UsageError

_WAV = "Session*/sentences/wav"
_RATINGS = "Session*/dialog/EmoEvaluation/*.txt"
_HIGHEST_RATING = 5
_NUMBER = r"\s*(\d+(?:\.\d+)?)\s*"
_TURN = re.compile(rf"^\[{_NUMBER}-{_NUMBER}\]\s+(\S+)\s+\S+\s+\[{_NUMBER},{_NUMBER},{_NUMBER}\]", re.MULTILINE)

Ratings = dict[str, tuple[float, float, float]]


def fits(folder: Path) -> bool:
    """Whether ``folder`` has this layout."""
    return any(path.is_dir() for path in folder.glob(_WAV))


def read(folder: Path) -> Corpus:
    """List every turn that has a recording, sorted by path; the speaker is session and gender, as ``Ses01F``.

    Raises:
        UsageError: There is no recording, or a list of ratings cannot be read.
    """
    ratings = _read_ratings(folder)
    # A Mac leaves a file '._name' beside each that it copies.
    paths = [path for path in sorted(folder.glob(f"{_WAV}/*/*.wav")) if not path.name.startswith(".")]
    if not paths:
        raise UsageError(f"folder {folder} holds no WAV file in {_WAV}/")
    return Corpus("IEMOCAP", tuple(_entry(path, folder, ratings) for path in paths))


def _read_ratings(folder: Path) -> Ratings:
    """Arousal, dominance, valence in 0..1 of each turn's name."""
    ratings: Ratings = {}
    for path in sorted(folder.glob(_RATINGS)):
        if path.name.startswith("."):
            continue
        with open_list(path) as file:
            text = file.read().decode("utf-8", errors="replace")
        for _, _, turn, valence, arousal, dominance in _TURN.findall(text):
            rating = scaled(float(arousal), float(dominance), float(valence), _HIGHEST_RATING)
            # A number may have hundreds of digits.
            if all(map(math.isfinite, rating)):
                ratings[turn] = rating
    return ratings


def _entry(path: Path, folder: Path, ratings: Ratings) -> CorpusEntry:
    # The letter after the session's number in 'Ses01F_impro01_M003' is of whom the cameras followed, not of who speaks.
    session, gender = path.stem[:5], path.stem.rpartition("_")[2][:1]
    return CorpusEntry(
        path, path.relative_to(folder).as_posix(), f"{session}{gender}", reference=ratings.get(path.stem)
    )
