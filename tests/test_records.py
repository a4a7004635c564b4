"""Tables in JSON files: read back as they were written, and anything else refused with a sentence."""

import pytest

from toolchain.bench import Comparison, Table
from toolchain.errors import UsageError
from toolchain.faults import FaultTable
from toolchain.soak import SoakTable

TABLES = (Table, Comparison, FaultTable, SoakTable)

each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.NAME)


@each_table
def test_what_is_committed_is_what_it_writes(table, tmp_path):
    committed, path = table.committed(), tmp_path / table.NAME
    committed.write(path)
    assert table.read(path) == committed
    assert path.read_bytes() == (table.committed_path()).read_bytes()


@each_table
@pytest.mark.parametrize("content", ["", "{", "[]", '{"header": {}, "rows": []}', '{"targets": 3, "boards": {}}'])
def test_anything_else_is_refused(table, content, tmp_path):
    path = tmp_path / table.NAME
    path.write_text(content)
    with pytest.raises(UsageError, match=rf"{table.NAME} is not a table of 'toolchain {table.COMMAND}'"):
        table.read(path)


@each_table
def test_a_field_that_is_not_known_is_named(table, tmp_path):
    path = tmp_path / table.NAME
    table.committed().write(path)
    path.write_text(path.read_text().replace("{", '{"planet": 3, ', 1))
    with pytest.raises(UsageError, match=r"\(field 'planet'\)"):
        table.read(path)


@each_table
@pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["absent", "no text"])
def test_what_cannot_be_read_says_so(table, content, tmp_path):
    path = tmp_path / table.NAME
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match="cannot read"):
        table.read(path)
