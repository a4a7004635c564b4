"""Files written whole or not at all, and read within bounds."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.full_disk import full_disk
from toolchain.files import (
    UnfitFileError,
    naming,
    read_bounded,
    read_text_bounded,
    read_toml,
    require_regular,
    sha256_file,
    write_atomically,
    write_durably,
    write_new,
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


_WRITERS = (
    write_atomically,
    lambda path, content: write_new(path, content, 0o644),
    lambda path, content: write_durably(path, content, path.with_name("unfinished")),
)


@pytest.mark.parametrize("write", _WRITERS, ids=range(3))
def test_a_full_disk_is_an_error_of_the_file_and_leaves_nothing(tmp_path, write: Callable):
    path = tmp_path / "file"
    with full_disk(_LIMIT), pytest.raises(OSError) as caught:
        write(path, b"x" * (_LIMIT + 1))
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(path))
    assert list(tmp_path.iterdir()) == []
    write(path, b"x" * (_LIMIT + 1))
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("write", _WRITERS[::2], ids=range(2))
def test_what_was_there_before_a_disk_was_full_stays(tmp_path, write: Callable):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with full_disk(_LIMIT), pytest.raises(OSError):
        write(path, b"x" * (_LIMIT + 1))
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("write", _WRITERS[1:], ids=range(2))
def test_a_folder_that_is_not_there_is_an_error_of_the_file(tmp_path, write: Callable):
    path = tmp_path / "absent" / "file"
    with pytest.raises(FileNotFoundError) as caught:
        write(path, b"")
    assert caught.value.filename == str(path)


def test_what_is_there_is_never_replaced_by_something_new(tmp_path):
    path = tmp_path / "file"
    path.symlink_to("absent")
    with pytest.raises(FileExistsError) as caught:
        write_new(path, b"new", 0o600)
    assert caught.value.filename == str(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
    path.unlink()
    write_new(path, b"new", 0o600)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)


def test_an_error_without_a_number_keeps_its_words(tmp_path):
    with pytest.raises(OSError, match="no such thing") as caught, naming(tmp_path):
        raise OSError("no such thing")
    assert caught.value.filename == str(tmp_path)
