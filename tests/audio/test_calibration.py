from toolchain.audio import select_clips
from toolchain.audio.calibration import calibration_folder


def test_the_embedded_set_is_speech_at_16_khz_with_its_licence():
    selection = select_clips(calibration_folder())
    assert len(selection.clips) == 24
    assert not selection.skipped
    assert {len(clip.pcm) for clip in selection.clips} == {24_000}
    licence = (calibration_folder() / "LICENSE.md").read_text()
    assert "Allison Smith" in licence
    assert "by-sa/3.0" in licence
