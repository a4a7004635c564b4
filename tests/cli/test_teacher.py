import json

import pytest

from tests.published_teachers import onnx_file
from toolchain.errors import ParityError


def test_check_of_a_teacher_that_is_not_the_published_one(cli, tmp_path):
    called = cli("teacher", "check", f"onnx:{onnx_file(tmp_path / 'model.onnx', ('hidden_states', 'logits'))}")
    assert called.code == ParityError.exit_code
    assert "not the published ones" in called.err and "tolerance 0.001" in called.err
    rows = [line.split() for line in called.out.splitlines()]
    assert ["published", "0.54608", "0.60623", "0.40432"] in rows
    given = next(row for row in rows if "silence" in row)[-3:]
    difference = next(row for row in rows if row[0] == "difference")[1:]
    assert [float(a) - float(d) for a, d in zip(given, difference, strict=True)] == pytest.approx(
        [0.54608, 0.60623, 0.40432], abs=2e-5
    )
    assert "parameters  not told by its format" in called.out


def test_check_where_nothing_is_published(cli):
    called = cli("teacher", "check", "acted")
    assert called.code == 0 and "No answers are published for this teacher of kind acted" in called.out
    record = json.loads(cli("teacher", "check", "acted", "--json").out)
    assert record["identity"] in called.out and f"{record['parameters']:,}" in called.out
    assert [answer["difference"] for answer in record["answers"]] == [None, None]


def test_verbs_explain_themselves(cli):
    for verb in ("train", "check"):
        assert f"Example: toolchain teacher {verb}" in cli("teacher", verb, "--help").out
