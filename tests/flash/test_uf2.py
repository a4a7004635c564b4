"""A drive that takes UF2 files is found by what it calls itself, and gets the whole file."""

import shutil
import time
from pathlib import Path

import pytest

from tests.flash.images import board_with, build_of
from toolchain.errors import FlashError
from toolchain.flash import Job, flash_steps, shell_line, uf2, write_board
from toolchain.target import Uf2Image
from toolchain.target.schema import Uf2Drive

TABLE = Uf2Drive(kind="uf2", board_id="RPI-RP2")

#: As RP2040's boot ROM has it.
INFO = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: {}\r\n"


@pytest.fixture
def media(tmp_path, monkeypatch) -> Path:
    """Where drives are mounted on this system."""
    monkeypatch.setattr(uf2, "_LINUX_MOUNTS", (str(tmp_path / "media"),))
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path / "media"


def mount(place: Path, board_id: str = "RPI-RP2") -> Path:
    place.mkdir(parents=True)
    (place / uf2.INFO_FILE).write_bytes(INFO.format(board_id).encode())
    return place


@pytest.fixture
def job(tmp_path) -> Job:
    image = tmp_path / "build" / "firmware.uf2"
    image.parent.mkdir()
    image.write_bytes(bytes(range(256)) * 200)
    return Job(board_with(TABLE, image=Uf2Image(format="uf2", family_id=0xE48BFF56)), build_of(image))


@pytest.mark.parametrize("place", ["user/RPI-RP2", "RPI-RP2"])
def test_the_file_arrives_whole_on_the_one_drive_that_matches(media, job, place):
    drive = mount(media / place)
    other = mount(media / "user" / "OTHER", board_id="nRF52840-Feather")
    (media / "user" / "backup").mkdir()
    write_board(job, TABLE)
    assert (drive / "firmware.uf2").read_bytes() == job.build.image.read_bytes()
    assert [path.name for path in other.iterdir()] == [uf2.INFO_FILE]


def test_no_drive_says_how_to_get_one(media, job):
    mount(media / "user" / "OTHER", board_id="nRF52840-Feather")
    with pytest.raises(FlashError, match="no drive RPI-RP2 is mounted") as caught:
        write_board(job, TABLE)
    assert "BOOTSEL" in caught.value.hint


def test_a_drive_with_a_long_line_keeps_nobody_waiting(media, job):
    place = mount(media / "user" / "OTHER", board_id="x" + " " * 60_000 + "y")
    mount(media / "user" / "RPI-RP2")
    began = time.monotonic()
    assert uf2.find_drive("RPI-RP2", uf2.mounted_drives()) != place
    assert time.monotonic() - began < 2


def test_two_drives_are_listed_and_neither_is_chosen(media, job):
    drives = [mount(media / "user" / name) for name in ("RPI-RP2", "RPI-RP21")]
    with pytest.raises(FlashError) as caught:
        write_board(job, TABLE)
    assert caught.value.message == f"2 drives are RPI-RP2: {drives[0]}, {drives[1]}"
    assert all(len(list(drive.iterdir())) == 1 for drive in drives)
    chosen = Job(job.target, job.build, probe=str(drives[1]))
    write_board(chosen, TABLE)
    assert [len(list(drive.iterdir())) for drive in drives] == [1, 2]


def test_a_folder_that_is_no_such_drive_is_not_written_to(tmp_path, job):
    with pytest.raises(FlashError, match="no drive RPI-RP2 is mounted"):
        write_board(Job(job.target, job.build, probe=str(tmp_path)), TABLE)
    assert not (tmp_path / "firmware.uf2").exists()


def test_a_drive_that_refuses_is_named(media, job):
    drive = mount(media / "RPI-RP2")
    (drive / "firmware.uf2").mkdir()
    with pytest.raises(FlashError, match=f"cannot copy firmware.uf2 to {drive}: Is a directory"):
        write_board(job, TABLE)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
def test_a_drive_that_is_full_is_named(media, job):
    drive = mount(media / "RPI-RP2")
    (drive / "firmware.uf2").symlink_to("/dev/full")
    with pytest.raises(FlashError, match="No space left on device"):
        write_board(job, TABLE)


def test_a_drive_that_goes_away_after_the_last_byte_is_no_error(media, job, monkeypatch):
    """The boot loader has all it wants, and starts the image."""
    drive = mount(media / "RPI-RP2")

    def vanish(handle: int) -> None:
        assert (drive / "firmware.uf2").stat().st_size == job.image_bytes
        shutil.rmtree(drive)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.fsync", vanish)
    write_board(job, TABLE)
    assert not drive.exists()


def test_a_drive_that_stays_but_does_not_take_the_file_is_an_error(media, job, monkeypatch):
    def fail(handle: int) -> None:
        raise OSError(5, "Input/output error")

    mount(media / "RPI-RP2")
    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(FlashError, match=r"cannot copy firmware.uf2 to .*: Input/output error"):
        write_board(job, TABLE)


def test_the_command(media, job):
    drive = mount(media / "my user" / "RPI-RP2")
    (step,) = flash_steps(job, TABLE)
    assert shell_line(step.arguments) == f"cp {job.build.image} '{drive}'"


def test_other_images_are_not_taken(job):
    with pytest.raises(FlashError, match="a UF2 drive does not write images of the format 'bin'"):
        flash_steps(Job(board_with(TABLE), job.build), TABLE)
