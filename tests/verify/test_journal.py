import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.full_disk import full_disk
from tests.random_student import random_student
from tests.verify.fake_board import FakeBoard
from toolchain.audio import Clip
from toolchain.errors import UsageError
from toolchain.files import sha256_file
from toolchain.model_names import Normalisation
from toolchain.target import load_target
from toolchain.verify.journal import Journal, _digest, _line, header_of
from toolchain.verify.parity import ClipResult, Difference, Measured, compare

_HEADER = {"build_id": "00" * 8, "emulator": None}


def _clip(index: int, seed: int | None = None) -> Clip:
    rng = np.random.default_rng(index if seed is None else seed)
    return Clip(f"{index}.wav", 160 * index, rng.integers(-3000, 3000, 4000).astype(np.int16))


def _measured(clip: Clip, number: int = 1, difference: Difference | None = None) -> Measured:
    board = (65536, -1, 2**31 - 1)
    reference = board if difference is None else (65535, -1, 2**31 - 1)
    values = (0.1, float(np.float32(1) / 3), -2.5e-9)
    result = ClipResult(clip.name, clip.start, len(clip.pcm), clip.sha256, board, reference, values, 12345, number)
    return Measured(result, difference)


def _write(folder, clips, header=_HEADER) -> Path:
    """A journal of these clips, as an interrupted run leaves it."""
    with Journal(folder, header) as journal:
        for clip in clips:
            journal.keep(_measured(clip))
    return journal.path


def test_everything_of_a_clip_comes_back(tmp_path):
    clips = [_clip(0), _clip(1)]
    different = _measured(clips[1], difference=Difference("1.wav", "conv2", 3, 5, -10, 11))
    with Journal(tmp_path, _HEADER) as journal:
        assert (journal.run, journal.known(clips), journal.take(clips[0])) == (1, 0, None)
        journal.keep(_measured(clips[0]))
        journal.keep(different)
        assert journal.added == 2
    with Journal(tmp_path, _HEADER) as journal:
        assert (journal.run, journal.known(clips), journal.damaged_lines, journal.discarded) == (2, 2, 0, False)
        assert journal.take(clips[0]) == _measured(clips[0])
        assert journal.take(clips[1]) == different
        assert journal.take(clips[0]) is None
        journal.finish()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error_of_the_journal_and_what_was_kept_stays(tmp_path):
    with Journal(tmp_path, _HEADER) as journal:
        journal.keep(_measured(_clip(0)))
        with full_disk(journal.path.stat().st_size + 10), pytest.raises(OSError) as caught:
            journal.keep(_measured(_clip(1)))
        assert caught.value.filename == str(journal.path)
        assert journal.added == 1
    with Journal(tmp_path, _HEADER) as journal:
        assert (journal.known([_clip(0), _clip(1)]), journal.damaged_lines) == (1, 1)


def test_the_same_samples_under_another_name(tmp_path):
    _write(tmp_path, [_clip(0)])
    twin = _clip(7, seed=0)
    with Journal(tmp_path, _HEADER) as journal:
        # It was measured once, so one of the two is.
        assert journal.known([_clip(0), twin]) == 1
        taken = journal.take(twin)
        assert taken is not None and (taken.result.name, taken.result.start) == ("7.wav", 1120)
        assert journal.take(_clip(0)) is None


@pytest.mark.parametrize("cut", [1, 2, 40, 200])
def test_a_torn_last_line_is_measured_again(tmp_path, cut):
    clips = [_clip(index) for index in range(3)]
    path = _write(tmp_path, clips)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    with Journal(tmp_path, _HEADER) as journal:
        # Without its line feed alone, the line is whole.
        assert journal.known(clips) == (3 if cut == 1 else 2)
        assert journal.damaged_lines == (0 if cut == 1 else 1)
        journal.keep(_measured(clips[2]))
    lines = path.read_bytes().splitlines()
    assert len(lines) == (5 if cut == 1 else 4)
    assert all(json.loads(line) for line in lines)


def test_any_changed_byte_of_a_line_is_noticed(tmp_path):
    clips = [_clip(0), _clip(1)]
    path = _write(tmp_path, clips)
    whole = path.read_bytes()
    start = whole.index(b"\n") + 1
    end = whole.index(b"\n", start)
    for place in range(start, end):
        for flip in (1, 0x80):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
            with Journal(tmp_path, _HEADER) as journal:
                taken = journal.take(clips[0])
                # JSON has several spellings of one content; whatever is taken is what was measured.
                assert taken in (None, _measured(clips[0]))
                assert journal.take(clips[1]) == _measured(clips[1])


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"clip": 1, "sha256": 2}', b'{"clip": {}, "sha256": ""}', b"[" * 9_999],
)
def test_lines_that_are_no_clips(tmp_path, line):
    path = _write(tmp_path, [_clip(0)])
    path.write_bytes(path.read_bytes() + line + b"\n")
    with Journal(tmp_path, _HEADER) as journal:
        assert (journal.damaged_lines, journal.known([_clip(0)])) == (1, 1)


def test_a_run_whose_successor_cannot_be_written_is_measured_again(tmp_path):
    path = _write(tmp_path, [_clip(0)])
    first, line = path.read_text().splitlines()
    clip = json.loads(line)["clip"]
    clip["result"]["run"] = int("9" * 4300)
    path.write_text(f"{first}\n{_line('clip', clip, _digest(_HEADER, ''))}\n")
    with Journal(tmp_path, _HEADER) as journal:
        assert (journal.damaged_lines, journal.run) == (1, 1)
        journal.keep(_measured(_clip(0)))


def test_a_line_of_another_measurement_is_not_taken(tmp_path):
    mine = _write(tmp_path, [_clip(0)])
    theirs = _write(tmp_path, [_clip(1)], {**_HEADER, "emulator": "qemu"})
    with mine.open("ab") as file:
        file.write(theirs.read_bytes().splitlines(keepends=True)[1])
    with Journal(tmp_path, _HEADER) as journal:
        assert journal.damaged_lines == 1
        assert journal.take(_clip(1)) is None


def test_another_measurement_of_the_same_build_does_not_end_it(tmp_path):
    other = {**_HEADER, "emulator": "qemu"}
    _write(tmp_path, [_clip(0)])
    with Journal(tmp_path, other) as journal:
        assert (journal.known([_clip(0)]), journal.discarded) == (0, False)
        journal.keep(_measured(_clip(1)))
        journal.finish()
    with Journal(tmp_path, _HEADER) as journal:
        assert journal.known([_clip(0)]) == 1


def test_clips_of_another_build_go_when_the_first_of_this_one_is_kept(tmp_path):
    old = _write(tmp_path, [_clip(0)])
    with Journal(tmp_path, {**_HEADER, "build_id": "01" * 8}) as journal:
        assert (journal.discarded, journal.run, journal.take(_clip(0))) == (True, 1, None)
        assert old.exists()
        journal.keep(_measured(_clip(1)))
        assert not old.exists()


@pytest.mark.parametrize("fresh", [False, True])
def test_what_ends_before_a_clip_is_measured_leaves_all_as_it_was(tmp_path, fresh):
    """A mistyped port, a board that is off."""
    before = _write(tmp_path, [_clip(0), _clip(1)]).read_bytes()
    with Journal(tmp_path, _HEADER, fresh=fresh) as journal:
        assert (journal.take(_clip(0)) is None) is fresh
    assert journal.path.read_bytes() == before


def test_fresh_replaces_what_was_there(tmp_path):
    _write(tmp_path, [_clip(0), _clip(1)])
    with Journal(tmp_path, _HEADER, fresh=True) as journal:
        assert journal.run == 1
        journal.keep(_measured(_clip(2)))
    with Journal(tmp_path, _HEADER) as journal:
        assert (journal.known([_clip(0), _clip(1)]), journal.known([_clip(2)])) == (0, 1)


def test_clips_that_a_finished_run_did_not_take_stay(tmp_path):
    _write(tmp_path, [_clip(0), _clip(1)])
    with Journal(tmp_path, _HEADER) as journal:
        assert journal.take(_clip(0)) is not None
        journal.keep(_measured(_clip(2), number=2))
        journal.finish()
    with Journal(tmp_path, _HEADER) as journal:
        assert [journal.known([_clip(index)]) for index in range(3)] == [0, 1, 0]


def test_clips_that_were_taken_stay_until_the_report_is_written(tmp_path):
    _write(tmp_path, [_clip(0)])
    with Journal(tmp_path, _HEADER) as journal:
        assert journal.take(_clip(0)) is not None
        journal.keep(_measured(_clip(1), number=2))
    with Journal(tmp_path, _HEADER) as journal:
        assert journal.known([_clip(0), _clip(1)]) == 2


def test_a_damaged_first_line_damages_all(tmp_path):
    path = _write(tmp_path, [_clip(0)])
    path.write_bytes(path.read_bytes().replace(b'"emulator"', b'"imitator"', 1))
    with Journal(tmp_path, _HEADER) as journal:
        assert (journal.damaged_lines, journal.known([_clip(0)])) == (2, 0)


@pytest.mark.parametrize("kind", ["folder", "link", "dangling"])
def test_something_else_in_its_place_is_refused_and_left_alone(tmp_path, kind):
    path, precious = Journal(tmp_path, _HEADER).path, tmp_path / "precious"
    if kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(precious)
    if kind == "link":
        precious.write_text("diary")
        before = sha256_file(precious)
    with pytest.raises(UsageError, match="is no file that could keep what is measured"):
        Journal(tmp_path, _HEADER)
    assert path.is_dir() if kind == "folder" else path.is_symlink()
    assert precious.exists() is (kind == "link")
    assert kind != "link" or sha256_file(precious) == before


def _wrong_row(trace) -> None:
    trace.rows["conv2"][3].flat[5] += 1
    trace.output[1] += 1


class _Stops(Exception):
    """The board is unplugged."""


def _compare(folder, clips, stop_after=None):
    """Compare with a journal; as if the board were unplugged after so many clips, if wanted."""
    student, done = random_student("wav2small-17k"), []

    def progress(result: ClipResult) -> None:
        done.append(result)
        if len(done) == stop_after:
            raise _Stops

    with Journal(folder, _HEADER) as journal:
        board = FakeBoard(student, _wrong_row)
        return compare(board, student, lambda pcm: np.ones(3, np.float32), clips, progress, kept=journal)


def test_a_clip_that_differed_still_differs_and_where(tmp_path):
    clips = [_clip(index) for index in range(3)]
    (tmp_path / "whole").mkdir()
    whole = _compare(tmp_path / "whole", clips)
    assert whole.first_difference is not None and whole.first_difference.layer == "conv2"
    with pytest.raises(_Stops):
        _compare(tmp_path, clips, stop_after=2)
    resumed = _compare(tmp_path, clips)
    assert (resumed.run, resumed.resumed_clips, resumed.equal_clips) == (2, 2, 0)
    assert resumed.first_difference == whole.first_difference
    assert [replace(clip, run=1) for clip in resumed.clips] == list(whole.clips)


def test_a_clip_that_differed_as_the_second_is_asked_for_its_layers_when_it_is_the_first(tmp_path):
    clips = [_clip(index) for index in range(3)]
    with pytest.raises(_Stops):
        _compare(tmp_path, clips, stop_after=2)
    resumed = _compare(tmp_path, clips[1:])
    assert resumed.first_difference is not None
    assert (resumed.first_difference.clip, resumed.first_difference.layer) == ("1.wav", "conv2")


def test_a_board_that_comes_back_under_another_port_goes_on_and_an_emulator_does_not():
    target, student = load_target("mps2-an386"), random_student("wav2small-17k")
    build = SimpleNamespace(build_id=bytes(8), model_hash=bytes(8))

    def header(port):
        return header_of(
            target=target, build=build, student=student, hashes={}, port=port,
            normalisation=Normalisation.TWO_PASS,
        )  # fmt: skip

    assert header("/dev/ttyUSB0") == header("/dev/ttyUSB1")
    assert header("/dev/ttyUSB0") != header(None)
