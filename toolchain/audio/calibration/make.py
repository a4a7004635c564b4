"""Make the embedded calibration set again: ``python -m toolchain.audio.calibration.make``.

Needs Debian's ``asterisk-core-sounds-en-g722`` (wide band, 16 kHz) and ``ffmpeg``, which decodes G.722.
"""

import subprocess
import tempfile
from pathlib import Path

import soundfile

from toolchain.audio.calibration import calibration_folder
from toolchain.audio.windows import select_clips
from toolchain.model_names import SAMPLE_RATE

RECORDINGS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
CLIPS = 24
SECONDS = 1.5


def decode(recordings: Path, folder: Path) -> None:
    """Decode every G.722 file under ``recordings`` to a WAV file in ``folder``."""
    for path in recordings.rglob("*.g722"):
        name = "-".join(path.relative_to(recordings).with_suffix(".wav").parts)
        decoder = ["ffmpeg", "-loglevel", "error", "-f", "g722", "-i", str(path)]
        subprocess.run([*decoder, "-ar", str(SAMPLE_RATE), str(folder / name)], check=True)


def main() -> None:
    """Replace the clips in the package."""
    with tempfile.TemporaryDirectory() as folder:
        decode(RECORDINGS, Path(folder))
        chosen = select_clips(Path(folder), CLIPS, SECONDS).clips
    for old in calibration_folder().glob("*.flac"):
        old.unlink()
    for clip in chosen:
        path = calibration_folder() / Path(clip.name).with_suffix(".flac")
        soundfile.write(path, clip.pcm, SAMPLE_RATE, subtype="PCM_16", compression_level=1.0)


if __name__ == "__main__":
    main()
