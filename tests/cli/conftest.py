"""The command line, called in this process as a shell would call it."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from toolchain.cli.app import main


class Called(NamedTuple):
    """What a call left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def cli(monkeypatch, capsys) -> Callable[..., Called]:
    """Call ``toolchain`` with arguments."""

    def call(*arguments: object) -> Called:
        monkeypatch.setattr("sys.argv", ["toolchain", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Called(ended.value.code or 0, printed.out, printed.err)

    return call
