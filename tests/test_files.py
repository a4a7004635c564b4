"""Files written whole or not at all, and read within bounds."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from toolchain.files import (
    UnfitFileError,
    read_bounded,
    read_text_bounded,
    read_toml,
    require_regular,
    sha256_file,
    write_durably,
)

_LIMIT = 16


def test_a_reader_of_the_old_file_never_sees_the_new_one(tmp_path):
    path, temporary = tmp_path / "file", tmp_path / "unfinished"
    path.write_bytes(b"old")
    temporary.write_bytes(b"left by a run that was killed, and longer")
    with path.open("rb") as reader:
        write_durably(path, b"new", temporary)
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"
    assert not temporary.exists()


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _link_to_pipe(path: Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such files in folders")
@pytest.mark.parametrize("put", [os.mkfifo, _device, _link_to_pipe])
@pytest.mark.parametrize(
    "read", [lambda path: read_bounded(path, _LIMIT), read_toml, sha256_file, require_regular], ids=range(4)
)
def test_what_may_have_no_end_is_refused_at_once(tmp_path, put: Callable, read: Callable):
    path = tmp_path / "file"
    put(path)
    with pytest.raises(UnfitFileError, match=r"^it is no regular file$") as caught:
        read(path)
    assert caught.value.filename == str(path)


def test_a_folder_is_refused_by_the_name_that_the_system_has_for_it(tmp_path):
    with pytest.raises(IsADirectoryError) as caught:
        read_bounded(tmp_path, _LIMIT)
    assert caught.value.filename == str(tmp_path)


def test_a_file_is_read_up_to_its_limit_and_not_beyond(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"x" * _LIMIT)
    assert read_bounded(path, _LIMIT) == b"x" * _LIMIT
    require_regular(path, _LIMIT)
    os.truncate(path, _LIMIT + 1)
    for read in (read_bounded, read_text_bounded, require_regular):
        with pytest.raises(UnfitFileError, match=r"^it is longer than 16 bytes$"):
            read(path, _LIMIT)


def test_no_file_stays_open_that_was_refused(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(_LIMIT + 1))
    handle = os.open(path, os.O_RDONLY)
    os.close(handle)
    with pytest.raises(UnfitFileError):
        read_bounded(path, _LIMIT)
    again = os.open(path, os.O_RDONLY)
    os.close(again)
    assert again == handle, "the lowest free number is another one"
