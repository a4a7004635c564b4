import numpy as np
import pytest
import soundfile

from toolchain.audio import select_clips
from toolchain.audio.windows import loudest_window
from toolchain.errors import UsageError


@pytest.fixture
def corpus(tmp_path):
    """Ten clips of 0.5 to 5 s in two folders, an empty and a corrupt file, and a file of another kind."""
    noise = np.random.default_rng(1)
    for index in range(10):
        folder = tmp_path / f"speaker{index % 2}"
        folder.mkdir(exist_ok=True)
        samples = noise.integers(-1000, 1000, 8000 * (index + 1)).astype(np.int16)
        soundfile.write(folder / f"{index}.wav", samples, 16_000)
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16_000)
    (tmp_path / "corrupt.flac").write_bytes(b"fLaC" + bytes(30))
    (tmp_path / "notes.txt").write_text("not a clip")
    return tmp_path


def test_all_usable_recordings_are_found_and_sorted(corpus):
    selection = select_clips(corpus)
    assert [clip.name for clip in selection.clips] == sorted(clip.name for clip in selection.clips)
    assert len(selection.clips) == 10
    assert {skipped.name for skipped in selection.skipped} == {"empty.wav", "corrupt.flac"}


def test_the_choice_is_the_same_every_time_and_nested(corpus):
    names = [{clip.name for clip in select_clips(corpus, count).clips} for count in (3, 3, 5)]
    assert names[0] == names[1] < names[2]
    assert len(names[2]) == 5


def test_windows_have_the_length_asked_for_and_shorter_clips_are_skipped(corpus):
    selection = select_clips(corpus, seconds=2.0)
    assert {len(clip.pcm) for clip in selection.clips} == {32_000}
    short = [skipped for skipped in selection.skipped if "shorter than the window" in skipped.reason]
    assert len(short) == 3


def test_the_window_is_the_loudest(corpus):
    pcm = np.ones(16_000, dtype=np.int16)
    pcm[4_960:8_000] = 9000
    assert loudest_window(pcm, 3_040) == 4_960
    assert loudest_window(np.ones(3_040, dtype=np.int16), 3_040) == 0


def test_near_silence_is_skipped(corpus):
    soundfile.write(corpus / "hush.wav", np.tile(np.array([0, 20], dtype=np.int16), 50_000), 16_000)
    skipped = {skipped.name: skipped.reason for skipped in select_clips(corpus).skipped}
    assert "silent" in skipped["hush.wav"]


def test_a_single_file_is_a_corpus(corpus):
    (clip,) = select_clips(corpus / "speaker1" / "9.wav").clips
    assert clip.name == "9.wav"
    assert len(clip.pcm) == 80_000


def test_the_hash_is_of_the_samples(corpus):
    first, second = (select_clips(corpus, 1, seconds).clips[0] for seconds in (None, 0.1))
    assert first.sha256 != second.sha256
    assert len(first.sha256) == 64


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), 1e9])
def test_impossible_windows_are_refused(corpus, seconds):
    with pytest.raises(UsageError, match="cannot be used"):
        select_clips(corpus, seconds=seconds)


def test_a_folder_without_usable_recordings_is_refused(tmp_path):
    with pytest.raises(UsageError, match="holds no WAV"):
        select_clips(tmp_path)
    with pytest.raises(UsageError, match="there is no folder"):
        select_clips(tmp_path / "absent")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16_000)
    with pytest.raises(UsageError, match=r"no recording in .* can be used; the first: .* is empty"):
        select_clips(tmp_path)
