"""Corpora in the layouts they come in, as made-up trees of the same shape."""

import json

import pytest

from toolchain.corpora import Split, find_corpus
from toolchain.errors import UsageError

MSP_HEADER = "FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set\n"


def make(root, *names):
    """Files whose content no reader looks at."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"RIFF")


def names(corpus):
    return [entry.name for entry in corpus]


def test_a_folder_of_audio_is_read_to_its_depth_in_order(tmp_path):
    make(tmp_path, "b.flac", "a/2.WAV", "a/1.ogg", "notes.txt")
    corpus = find_corpus(tmp_path)
    assert (corpus.layout, names(corpus)) == ("folder", ["a/1.ogg", "a/2.WAV", "b.flac"])
    assert all(entry.path.is_file() and entry.speaker == "" for entry in corpus)
    assert names(find_corpus(tmp_path / "b.flac")) == ["b.flac"]


@pytest.mark.parametrize("name", ["list.csv", "list.jsonl"])
def test_a_manifest_keeps_its_order_and_says_who_speaks(tmp_path, name):
    rows = [{"path": "x/2.wav", "speaker": "anna", "split": "dev"}, {"path": "1.wav", "speaker": "", "split": ""}]
    if name.endswith(".csv"):
        text = "\ufeffpath,speaker,split\n" + "".join(",".join(row.values()) + "\n" for row in rows)
    else:
        text = "\n".join(json.dumps(row) for row in rows) + "\n\n"
    (tmp_path / name).write_text(text, encoding="utf-8")
    first, second = find_corpus(tmp_path / name)
    assert (first.name, first.speaker, first.split) == ("x/2.wav", "anna", Split.VALIDATION)
    assert first.path == tmp_path / "x/2.wav"
    assert (second.speaker, second.split, second.reference) == ("", Split.NONE, None)


def test_a_manifest_of_files_alone(tmp_path):
    (tmp_path / "list.csv").write_text("file\n1.wav\n")
    (tmp_path / "list.jsonl").write_text('{"file": "1.wav", "speaker": 7}\n')
    assert names(find_corpus(tmp_path / "list.csv")) == names(find_corpus(tmp_path / "list.jsonl")) == ["1.wav"]
    assert find_corpus(tmp_path / "list.jsonl").entries[0].speaker == "7"


@pytest.mark.parametrize(
    "name", ["../out.wav", "in/../../out.wav", "/etc/passwd", "link/out.wav", "a\0b.wav", "circle", "\ud800.wav"]
)
def test_no_list_leads_out_of_its_folder(tmp_path, name):
    inner = tmp_path / "inner"
    make(inner / "in", "x.wav")
    make(tmp_path, "out.wav", "Audios/x.wav")
    (inner / "link").symlink_to(tmp_path)
    (inner / "circle").symlink_to("circle")
    (inner / "list.jsonl").write_text(json.dumps({"file": name}))
    with pytest.raises(UsageError, match="outside its folder"):
        find_corpus(inner / "list.jsonl")
    if name.isprintable():
        (inner / "metadata.csv").write_text(f"file,speaker\n{name},a\n")
        with pytest.raises(UsageError, match="outside its folder"):
            find_corpus(inner)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "", "lists no recording"),
        ("a.csv", "speaker\nanna\n", "lacks its file"),
        ("a.csv", "file,split\na.wav,exam\n", "unknown split 'exam'"),
        ("a.csv", b"file\n\xff\xfe.wav\n", "no CSV file in UTF-8"),
        ("a.jsonl", "\n", "lists no recording"),
        ("a.jsonl", '{"file": "a.wav"}\n{"file"', "no file of JSON lines"),
        ("a.jsonl", '["a.wav"]', "no file of JSON lines"),
        ("a.jsonl", '{"file": 3}', "Recording 1 of .* lacks its file"),
        ("a.jsonl", "[" * 100_000, "no file of JSON lines"),
    ],
)
def test_damaged_manifests(tmp_path, name, text, message):
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError, match=message):
        find_corpus(tmp_path / name)


def test_nothing_there(tmp_path):
    with pytest.raises(UsageError, match="there is no folder or manifest"):
        find_corpus(tmp_path / "absent")
    with pytest.raises(UsageError, match="holds no WAV, FLAC or OGG file"):
        find_corpus(tmp_path)


def test_corpora_with_metadata(tmp_path):
    for folder, line in (("ravdess", "a.flac,happy,21"), ("mine", "b.flac,sad,5"), ("nemo", "c.flac,sad,TP0")):
        make(tmp_path / folder, line.partition(",")[0])
        (tmp_path / folder / "metadata.csv").write_text(f"file,emotion,speaker\n{line}\n")
    corpus = find_corpus(tmp_path)
    assert corpus.layout == "metadata"
    assert [(entry.name, entry.speaker, entry.split) for entry in corpus] == [
        ("mine/b.flac", "mine/5", Split.TRAIN),
        ("nemo/c.flac", "nemo/TP0", Split.VALIDATION),
        ("ravdess/a.flac", "ravdess/21", Split.TEST),
    ]
    assert names(find_corpus(tmp_path / "ravdess")) == ["a.flac"]


@pytest.fixture
def msp_podcast(tmp_path):
    make(tmp_path, "Audios/MSP-PODCAST_0001_0008.wav", "Audios/MSP-PODCAST_0002_0001.wav", "Audios/hidden.wav")
    (tmp_path / "Labels").mkdir()
    (tmp_path / "Labels" / "labels_consensus.csv").write_text(
        MSP_HEADER
        + "MSP-PODCAST_0002_0001.wav,N,7,1,4,Unknown,Unknown,Train\n"
        + "MSP-PODCAST_0001_0008.wav,H,2.5,4.0,5.5,30,Male,Test1\n"
        + "MSP-PODCAST_0009_0001.wav,X,,,,12,Female,Development\n"
    )
    return tmp_path


def test_msp_podcast(msp_podcast):
    corpus = find_corpus(msp_podcast)
    assert corpus.layout == "MSP-Podcast"
    first, second, third = corpus
    assert (first.name, first.speaker, first.split) == ("Audios/MSP-PODCAST_0002_0001.wav", "", Split.TRAIN)
    assert first.path.is_file()
    assert first.reference == (1.0, 0.5, 0.0)
    assert (second.speaker, second.split, second.reference) == ("30", Split.TEST, (0.25, 0.75, 0.5))
    assert (third.split, third.reference) == (Split.VALIDATION, None)


def test_msp_podcast_with_its_table_beside_and_its_audio_linked(msp_podcast, tmp_path_factory):
    other = tmp_path_factory.mktemp("msp")
    (other / "Audios").symlink_to(msp_podcast / "Audios")
    (msp_podcast / "Labels" / "labels_consensus.csv").rename(other / "labels_consensus.csv")
    assert len(find_corpus(other)) == 3 and find_corpus(other).entries[0].path.is_file()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("../x.wav,N,1,1,1,3,Male,Train", "outside its folder"),
        ("x.wav,N,1,1,1,3,Male,Trial", "unknown Split_Set 'Trial'"),
        ("x.wav,N,one,1,1,3,Male,Train", "no number: one, 1, 1"),
        ("x.wav,N,1,1,1", "lacks its SpkrID"),
    ],
)
def test_a_damaged_table_of_msp_podcast(msp_podcast, row, message):
    (msp_podcast / "Labels" / "labels_consensus.csv").write_text(f"{MSP_HEADER}{row}\n")
    with pytest.raises(UsageError, match=message):
        find_corpus(msp_podcast)


EVALUATION = """% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]

[6.2901 - 8.2357]\tSes05M_script01_1b_F000\tneu\t[2.0000, 3.0000, 5.0000]
C-E2:\tNeutral;\t()
A-E3:\tval 2; act 3; dom  5;\t()

[10.0100 - 11.3925]\tSes05M_script01_1b_M001\txxx\t[1.0000, 4.5000, 3.0000]
"""


def test_iemocap(tmp_path):
    dialogue = "Session5/sentences/wav/Ses05M_script01_1b/Ses05M_script01_1b_"
    make(tmp_path, f"{dialogue}M001.wav", f"{dialogue}F000.wav", f"{dialogue}F002.wav")
    make(tmp_path, "Session5/sentences/wav/Ses05M_script01_1b/._Ses05M_script01_1b_F000.wav")
    make(tmp_path, "Session5/dialog/wav/Ses05M_script01_1b.wav")
    ratings = tmp_path / "Session5" / "dialog" / "EmoEvaluation"
    ratings.mkdir(parents=True)
    (ratings / "Ses05M_script01_1b.txt").write_text(EVALUATION)
    (ratings / "._Ses05M_script01_1b.txt").write_bytes(b"\x00\x05\x16\x07" + EVALUATION.replace("3.0000", "9").encode())
    corpus = find_corpus(tmp_path)
    assert corpus.layout == "IEMOCAP"
    assert names(corpus) == [f"{dialogue}{turn}.wav" for turn in ("F000", "F002", "M001")]
    assert [entry.speaker for entry in corpus] == ["Ses05F", "Ses05F", "Ses05M"]
    assert [entry.reference for entry in corpus] == [(0.5, 1.0, 0.25), None, (0.875, 0.5, 0.0)]
    assert {entry.split for entry in corpus} == {Split.NONE}


def test_a_rating_of_iemocap_that_is_beyond_all_numbers_is_none(tmp_path):
    turn = "Ses05M_script01_1b_F000"
    make(tmp_path, f"Session5/sentences/wav/Ses05M_script01_1b/{turn}.wav")
    ratings = tmp_path / "Session5" / "dialog" / "EmoEvaluation"
    ratings.mkdir(parents=True)
    (ratings / "a.txt").write_text(f"[1.0 - 2.0]\t{turn}\tneu\t[{'9' * 400}, 3.0000, 5.0000]\n")
    assert [entry.reference for entry in find_corpus(tmp_path)] == [None]


def test_iemocap_without_recordings(tmp_path):
    (tmp_path / "Session1" / "sentences" / "wav").mkdir(parents=True)
    with pytest.raises(UsageError, match="holds no WAV file in Session"):
        find_corpus(tmp_path)
