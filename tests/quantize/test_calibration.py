"""Which clips calibrate: embedded, a folder's, or training speakers'."""

import numpy as np
import pytest
import soundfile

from toolchain.audio.calibration import calibration_folder
from toolchain.errors import UsageError
from toolchain.quantize.calibration import calibration_clips


@pytest.fixture
def corpora(tmp_path):
    """Recordings of a training, a validation and a test speaker of RAVDESS."""
    folder = tmp_path / "corpora" / "ravdess"
    folder.mkdir(parents=True)
    lines = ["file,emotion,actor"]
    for actor in (1, 2, 19, 21):
        noise = 0.1 * np.random.default_rng(actor).standard_normal(4000)
        soundfile.write(folder / f"{actor}.wav", noise, 16_000)
        lines.append(f"{actor}.wav,angry,{actor}")
    (folder / "metadata.csv").write_text("\n".join(lines))
    return folder.parent


def test_embedded_clips_without_a_folder():
    clips = calibration_clips([], 64)
    assert len(clips) == 24 and all(clip.name.startswith("embedded/") for clip in clips)


def test_only_training_speakers_of_a_corpus(corpora):
    assert {clip.name for clip in calibration_clips([corpora], 64)} == {"ravdess/1.wav", "ravdess/2.wav"}


def test_several_folders_give_so_many_each(corpora):
    names = [clip.name for clip in calibration_clips([calibration_folder(), corpora], 1)]
    assert len(names) == 2 and names[0].startswith("embedded/") and names[1].startswith("ravdess/")


def test_a_plain_folder_is_taken_whole(corpora):
    (corpora / "ravdess" / "metadata.csv").unlink()
    assert len(calibration_clips([corpora], 64)) == 4


def test_a_corpus_without_usable_training_recordings(corpora):
    for actor in (1, 2):
        (corpora / "ravdess" / f"{actor}.wav").unlink()
    with pytest.raises(UsageError, match=r"no recording in .* can be used"):
        calibration_clips([corpora], 64)
