import json

from toolchain.errors import ParityError
from toolchain.resources import student_dir


def test_check_of_a_teacher_that_is_not_the_published_one(cli):
    called = cli("teacher", "check", f"onnx:{student_dir('wav2small-17k') / 'model.onnx'}")
    assert called.code == ParityError.exit_code
    assert "not the published ones" in called.err and "published" in called.out


def test_check_where_nothing_is_published(cli):
    called = cli("teacher", "check", "acted")
    assert called.code == 0 and "none" in called.out
    record = json.loads(cli("teacher", "check", "acted", "--json").out)
    assert record["identity"] in called.out and len(record["answers"]) == 2


def test_verbs_explain_themselves(cli):
    for verb in ("train", "check"):
        assert f"Example: toolchain teacher {verb}" in cli("teacher", verb, "--help").out
