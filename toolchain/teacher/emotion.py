"""Arousal, dominance and valence of an acted emotion, from published ratings of emotion words.

These are ratings of *words*, not of the recordings: every recording of one emotion at one intensity gets the
same target. They give the bundled students something to follow and are no substitute for a listening panel.
"""

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from toolchain.errors import UsageError

# Mean pleasure, arousal, dominance on -1..1 of "happy", "sad", "angry", "fearful", "disgusted" and "surprised":
# J. A. Russell, A. Mehrabian, "Evidence for a three-factor theory of emotions", Journal of Research in
# Personality 11 (1977), 273-294. The origin of those scales is neutral. RAVDESS records "calm" as a second
# baseline beside neutral (doi 10.1371/journal.pone.0196391), so it stands at the origin too.
_RATINGS = MappingProxyType(
    {
        "neutral": (0.0, 0.0, 0.0),
        "calm": (0.0, 0.0, 0.0),
        "happy": (0.81, 0.51, 0.46),
        "sad": (-0.63, -0.27, -0.33),
        "angry": (-0.51, 0.59, 0.25),
        "fearful": (-0.64, 0.60, -0.43),
        "disgust": (-0.60, 0.35, 0.11),
        "surprised": (0.40, 0.67, -0.13),
    }
)

#: The words nEMO uses for the same emotions.
_SYNONYMS = MappingProxyType({"happiness": "happy", "sadness": "sad", "anger": "angry", "fear": "fearful"})

#: Share of the rating reached by an acted intensity; a corpus that names none ("") lies in between.
_INTENSITIES = MappingProxyType({"normal": 0.6, "strong": 1.0, "": 0.8})


def target(emotion: str, intensity: str = "") -> NDArray[np.float32]:
    """Return arousal, dominance, valence, shape (3,), in 0..1 with 0.5 as neutral.

    Args:
        emotion: RAVDESS' or nEMO's word, e.g. ``angry`` or ``anger``.
        intensity: ``normal``, ``strong``, or empty where the corpus does not grade it.

    Raises:
        UsageError: The emotion or the intensity is not known.
    """
    word = _SYNONYMS.get(emotion, emotion)
    if word not in _RATINGS:
        raise UsageError(f"There is no rating of the emotion {emotion!r}.", f"Known: {', '.join(_RATINGS)}.")
    if intensity not in _INTENSITIES:
        raise UsageError(f"The intensity {intensity!r} is not known.", "Known: normal, strong, or empty.")
    pleasure, arousal, dominance = _RATINGS[word]
    rating = np.array([arousal, dominance, pleasure], dtype=np.float32)
    return 0.5 + 0.5 * _INTENSITIES[intensity] * rating
