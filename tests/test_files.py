"""Files written whole or not at all."""

from toolchain.files import write_durably


def test_a_reader_of_the_old_file_never_sees_the_new_one(tmp_path):
    path, temporary = tmp_path / "file", tmp_path / "unfinished"
    path.write_bytes(b"old")
    temporary.write_bytes(b"left by a run that was killed, and longer")
    with path.open("rb") as reader:
        write_durably(path, b"new", temporary)
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"
    assert not temporary.exists()
