"""A table of faults that was made or changed by hand."""

import json

import pytest

from toolchain.errors import UsageError
from toolchain.faults import FaultTable


def test_a_table_that_counts_wrong_sessions_and_describes_none_is_refused(tmp_path):
    table = FaultTable.committed().model_dump()
    table["targets"][0]["classes"][0]["wrong"] = 1
    (tmp_path / "faults.json").write_text(json.dumps(table))
    with pytest.raises(UsageError, match=r"is not a table of 'toolchain faults' \(field 'targets\.0'\)"):
        FaultTable.read(tmp_path / "faults.json")
