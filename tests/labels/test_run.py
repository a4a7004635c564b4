"""Labelling: what is heard, what is kept, what is left out, and that a kill at any moment leaves no trace."""

import os
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.labels.clips import Meter, write
from toolchain.audio.load import load_pcm16
from toolchain.corpora import find_corpus
from toolchain.errors import UsageError
from toolchain.labels import run as module
from toolchain.labels.run import label, left_out_file
from toolchain.labels.table import pcm_sha256, read_labels, read_table
from toolchain.labels.windows import Windows
from toolchain.locks import locked

WINDOWS = Windows(800, 500)
#: Lengths that are skipped, shorter than a window, one window, and several.
LENGTHS = (100, 500, 800, 801, 2000, 2300)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Parts of a few recordings, so that few recordings make several."""
    monkeypatch.setattr(module, "_PART_RECORDINGS", 3)
    monkeypatch.setattr(module, "_PART_SAMPLES", 5000)


@pytest.fixture
def corpus(tmp_path):
    """Ten recordings, two with the same sound, two that cannot be read, one that is too short."""
    folder = tmp_path / "corpus"
    for index, samples in enumerate((500, 2000, 800, 2300, 100, 801, 2000)):
        write(folder / f"{index}.wav", samples, seed=index)
    write(folder / "again" / "x.flac", 2000, seed=6)
    (folder / "bad.wav").write_bytes(b"not audio")
    (folder / "half.wav").write_bytes(b"RIFF")
    return folder


def rows(path):
    return read_table(path).to_pylist()


def test_each_window_has_its_row(corpus, tmp_path):
    out, teacher = tmp_path / "labels.parquet", Meter()
    labelled = label(find_corpus(corpus), teacher, out, WINDOWS, batch=2)
    labels = read_labels(out)
    for index, samples in enumerate((500, 2000, 800, 2300, None, 801, 2000)):
        pcm = load_pcm16(corpus / f"{index}.wav")
        if samples is None:
            assert pcm_sha256(pcm) not in labels
            continue
        found = labels[pcm_sha256(pcm)]
        assert list(zip(found.starts, found.samples, strict=True)) == WINDOWS.cut(samples)
        for start, size, value in zip(found.starts, found.samples, found.values, strict=True):
            signal = pcm[start : start + size].astype(np.float32) / 32768
            assert value[0] == pytest.approx(signal.std(), rel=1e-5)
            assert value[2] == np.abs(signal).max()
    assert labelled.windows == labelled.added == sum(len(found.starts) for found in labels.values())
    assert max(batch for batch, _ in teacher.batches) == 2
    assert labelled.heard_seconds == sum(batch * size for batch, size in teacher.batches) / 16_000


def test_what_was_heard_twice_has_one_set_of_labels(corpus, tmp_path):
    out = tmp_path / "labels.parquet"
    # In the same part as 6.wav, and in a later one than 1.wav.
    write(corpus / "z.flac", 2000, seed=1)
    label(find_corpus(corpus), Meter(), out, WINDOWS)
    twice = pcm_sha256(load_pcm16(corpus / "6.wav"))
    assert twice == pcm_sha256(load_pcm16(corpus / "again" / "x.flac"))
    assert {row["path"] for row in rows(out) if row["audio_sha256"] == twice} == {"6.wav"}
    assert "z.flac" not in {row["path"] for row in rows(out)}


def test_what_has_no_labels_is_listed(corpus, tmp_path):
    out = tmp_path / "labels.parquet"
    labelled = label(find_corpus(corpus), Meter(), out, WINDOWS)
    assert [left.name for left in labelled.failed] == ["bad.wav", "half.wav"]
    assert [left.name for left in labelled.skipped] == ["4.wav"]
    listed = left_out_file(out).read_text().splitlines()
    assert listed[0] == "recording,outcome,reason"
    assert listed[1] == '4.wav,skipped,"too short for the teacher: 0.006 s, it hears 0.025 s or more"'
    assert listed[2].startswith("bad.wav,failed,cannot read audio file: ")
    write(corpus / "bad.wav", 900, seed=50)
    write(corpus / "half.wav", 900, seed=51)
    write(corpus / "4.wav", 900, seed=52)
    mended = label(find_corpus(corpus), Meter(), out, WINDOWS)
    assert mended.added == 6 and not mended.left_out
    assert not left_out_file(out).exists()


def test_a_second_run_hears_nothing_and_changes_nothing(corpus, tmp_path):
    out, teacher = tmp_path / "labels.parquet", Meter()
    first = label(find_corpus(corpus), teacher, out, WINDOWS)
    before = out.read_bytes()
    teacher.batches.clear()
    second = label(find_corpus(corpus), teacher, out, WINDOWS)
    assert out.read_bytes() == before and not teacher.batches
    assert (second.windows, second.added, second.left_out) == (first.windows, 0, first.left_out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", out.name, left_out_file(out).name]


def test_another_teacher_and_other_windows_add_their_rows(corpus, tmp_path):
    out, other = tmp_path / "labels.parquet", Meter("other")
    label(find_corpus(corpus), Meter(), out, WINDOWS)
    mine = rows(out)
    label(find_corpus(corpus), other, out, WINDOWS)
    both = rows(out)
    assert len(both) == 2 * len(mine)
    assert [row for row in both if row["teacher"] != other.identity] == mine
    whole = label(find_corpus(corpus), other, out, Windows(0, 0))
    # Those that are no longer than a window have been heard whole.
    assert whole.added == sum(len(WINDOWS.cut(samples)) > 1 for samples in (2000, 2300, 801, 2000))


def test_the_order_and_the_threads_that_read_make_no_difference(corpus, tmp_path):
    for threads in (1, 8):
        label(find_corpus(corpus), Meter(), tmp_path / f"{threads}.parquet", WINDOWS, threads=threads)
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "8.parquet").read_bytes()


def test_progress_rises_to_the_end(corpus, tmp_path):
    told = []
    label(find_corpus(corpus), Meter(), tmp_path / "a.parquet", WINDOWS, on_progress=lambda *at: told.append(at))
    assert [at for at in told if at[1] != 10] == []
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (10, 10)


def test_an_answer_that_is_not_finite_is_no_label(corpus, tmp_path):
    class Breaks(Meter):
        def annotate(self, signal):
            answers = super().annotate(signal)
            answers[signal.shape[1] == 500 or signal.std(axis=1) > 0.0537] = np.nan
            return answers

    labelled = label(find_corpus(corpus), Breaks(), tmp_path / "a.parquet", WINDOWS)
    assert ("0.wav", "the teacher's answer is not finite") in [(left.name, left.reason) for left in labelled.failed]
    assert np.isfinite([row["arousal"] for row in rows(tmp_path / "a.parquet")]).all()


def test_outputs_that_cannot_be_used(corpus, tmp_path):
    found = find_corpus(corpus)
    with pytest.raises(UsageError, match="is a folder"):
        label(found, Meter(), tmp_path, WINDOWS)
    with pytest.raises(UsageError, match=r"cannot hear windows of 0\.0125 s"):
        label(found, Meter(), tmp_path / "a.parquet", Windows(200, 100))
    foreign = tmp_path / "foreign.parquet"
    pa.parquet.write_table(pa.table({"text": ["dear diary"]}), foreign)
    before = foreign.read_bytes()
    with pytest.raises(UsageError, match="is no file of labels"):
        label(found, Meter(), foreign, WINDOWS)
    assert foreign.read_bytes() == before


def test_nothing_to_label_writes_nothing(tmp_path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "bad.wav").write_bytes(b"")
    with pytest.raises(UsageError, match=r"No recording could be labelled; the first: bad\.wav: cannot read"):
        label(find_corpus(tmp_path / "corpus"), Meter(), tmp_path / "a.parquet", WINDOWS)
    assert not (tmp_path / "a.parquet").exists()


def test_two_runs_at_once_on_one_output(corpus, tmp_path):
    out = tmp_path / "a.parquet"
    with locked(out), pytest.raises(UsageError, match="Another run is writing"):
        label(find_corpus(corpus), Meter(), out, WINDOWS)
    label(find_corpus(corpus), Meter(), out, WINDOWS)


class Killed(BaseException):
    """Ends a run as no handler expects."""


CHANGES = frozenset({"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "shutil.rmtree"})


class Kill:
    """From its ``after``-th change of a file in ``folder`` on, nothing is changed any more: an audit hook raises.

    The hook sees every operation before it is done (docs.python.org/3/library/audit_events.html), so a kill falls
    between any two; what a killed process would no longer do, such as clean up, fails as well.
    """

    def __init__(self) -> None:
        self.folder, self.left, self.counted = "", -1, CHANGES
        sys.addaudithook(self._hook)

    def _hook(self, event, arguments):
        if not self.folder or event not in CHANGES or (self.left and event not in self.counted):
            return
        if event == "open" and not (arguments[2] & (os.O_WRONLY | os.O_RDWR)):
            return
        if str(arguments[0]).startswith(self.folder):
            if self.left == 0:
                raise Killed
            self.left -= 1


KILL = Kill()


def label_until_killed(after, folder, *arguments, counted=CHANGES, **options):
    """Run until the ``after``-th change of a file; True if the run ended before that."""
    KILL.folder, KILL.left, KILL.counted = str(folder), after, counted
    try:
        label(*arguments, **options)
    except Killed:
        return False
    finally:
        KILL.folder = ""
    return True


def without_traces(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("there_before", [False, True])
def test_a_kill_before_any_operation_leaves_no_trace(corpus, tmp_path, there_before):
    found, clean = find_corpus(corpus), tmp_path / "clean"
    if there_before:
        label(found, Meter("other"), clean / "a.parquet", WINDOWS)
        label(found, Meter(), clean / "a.parquet", Windows(800, 0))
    before = clean.exists() and (clean / "a.parquet").read_bytes()
    label(found, Meter(), clean / "a.parquet", WINDOWS)
    after = 0
    ended = False
    while not ended:
        folder = tmp_path / f"killed-{after}"
        folder.mkdir()
        if before:
            (folder / "a.parquet").write_bytes(before)
        ended = label_until_killed(after, folder, found, Meter(), folder / "a.parquet", WINDOWS)
        label(found, Meter(), folder / "a.parquet", WINDOWS)
        assert without_traces(folder) == without_traces(clean), f"killed before change {after}"
        after += 1
    assert after > 12


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    clips=st.lists(st.tuples(st.sampled_from(LENGTHS), st.integers(0, 4)), min_size=1, max_size=14),
    kills=st.lists(st.integers(0, 14), max_size=6),
    batch=st.integers(1, 5),
)
def test_any_clips_and_any_kills_give_the_same_file(tmp_path_factory, clips, kills, batch):
    root = tmp_path_factory.mktemp("any")
    for index, (samples, seed) in enumerate(clips):
        write(root / "corpus" / f"{index:02}.wav", samples, seed)
    write(root / "corpus" / "last.wav", 2000, 99)
    found = find_corpus(root / "corpus")
    label(found, Meter(), root / "clean" / "a.parquet", WINDOWS, batch=batch)
    (root / "killed").mkdir()
    for after in kills:
        label_until_killed(after, root / "killed", found, Meter(), root / "killed" / "a.parquet", WINDOWS, batch=batch)
    label(found, Meter(), root / "killed" / "a.parquet", WINDOWS, batch=batch)
    assert without_traces(root / "killed") == without_traces(root / "clean")


def _killed_after_two_parts(found, out):
    """The two files. A part is put in its place by renaming it."""
    assert not label_until_killed(2, out.parent, found, Meter(), out, WINDOWS, counted={"os.rename"})
    parts = sorted((out.parent / f"{out.name}.parts").glob("*/*.parquet"))
    assert len(parts) == 2
    return parts


def test_finished_parts_are_not_heard_again(corpus, tmp_path):
    found, out, teacher = find_corpus(corpus), tmp_path / "a.parquet", Meter()
    _killed_after_two_parts(found, out)
    label(found, teacher, out, WINDOWS)
    whole = Meter()
    label(found, whole, tmp_path / "b.parquet", WINDOWS)
    assert 0 < len(teacher.batches) < len(whole.batches)
    assert out.read_bytes() == (tmp_path / "b.parquet").read_bytes()


#: Of a part: emptied, cut, a name changed in its data. None damages a recording instead.
DAMAGES = [lambda part: b"", lambda part: part[:-9], lambda part: part.replace(b"0.wav", b"9.wav", 1), None]


@pytest.mark.parametrize("damage", DAMAGES, ids=["empty", "cut", "changed", "recording"])
def test_a_damaged_part_or_a_changed_recording_is_heard_again(corpus, tmp_path, damage):
    found, out = find_corpus(corpus), tmp_path / "a.parquet"
    first, _ = _killed_after_two_parts(found, out)
    if damage is None:
        write(corpus / "0.wav", 2300, seed=77)
    else:
        first.write_bytes(damage(first.read_bytes()))
    label(found, Meter(), out, WINDOWS)
    label(found, Meter(), tmp_path / "b.parquet", WINDOWS)
    assert out.read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_a_repeat_whose_first_was_changed_meanwhile_is_labelled(tmp_path):
    corpus, out = tmp_path / "corpus", tmp_path / "a.parquet"
    for index in range(9):
        write(corpus / f"{index}.wav", 900, seed=0 if index in (0, 4) else index + 1)
    found = find_corpus(corpus)
    _killed_after_two_parts(found, out)
    write(corpus / "0.wav", 900, seed=50)
    label(found, Meter(), out, WINDOWS)
    assert {row["path"] for row in rows(out)} == {f"{index}.wav" for index in range(9)}


def test_what_became_a_repeat_meanwhile_has_one_set_of_labels(tmp_path):
    corpus, out = tmp_path / "corpus", tmp_path / "a.parquet"
    for index in range(9):
        write(corpus / f"{index}.wav", 900, seed=index)
    found = find_corpus(corpus)
    _killed_after_two_parts(found, out)
    write(corpus / "0.wav", 900, seed=4)
    label(found, Meter(), out, WINDOWS)
    assert {row["path"] for row in rows(out)} == {f"{index}.wav" for index in range(9) if index != 4}
