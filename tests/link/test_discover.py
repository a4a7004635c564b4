"""A port is found by its USB id, or not guessed at."""

import pytest
from serial.tools.list_ports_common import ListPortInfo

from toolchain.errors import LinkError
from toolchain.link import find_port, require_one_board

CP2102, ST_LINK = "10c4:ea60", "0483:374b"


def port(device: str, usb_id: str | None = None, product: str | None = None, serial: str | None = None):
    info = ListPortInfo(device)
    if usb_id:
        info.vid, info.pid = (int(half, 16) for half in usb_id.split(":"))
    info.product, info.serial_number = product, serial
    return info


OTHERS = [port("/dev/ttyS0"), port("/dev/ttyUSB1", "0403:6001", "FT232R")]


def test_the_one_that_matches_is_used():
    for usb_ids in ([CP2102], [ST_LINK, CP2102]):
        assert find_port("esp32", usb_ids, [*OTHERS, port("/dev/ttyUSB0", CP2102)]) == "/dev/ttyUSB0"


def test_two_boards_are_listed_and_neither_is_chosen():
    boards = [port("COM7", CP2102, "CP2102N", "0002"), port("COM3", ST_LINK, serial="0001")]
    with pytest.raises(LinkError) as caught:
        find_port("esp32", [CP2102, ST_LINK], [*OTHERS, *boards])
    listed = "COM3 (0483:374b, serial 0001), COM7 (10c4:ea60 CP2102N, serial 0002)"
    assert caught.value.message == f"2 ports may be that of esp32: {listed}"
    assert "--port" in caught.value.hint


def test_a_tool_that_takes_the_first_probe_is_not_called_beside_two_boards():
    boards = [port("COM7", CP2102, "CP2102N", "0002"), port("COM3", ST_LINK, serial="0001")]
    with pytest.raises(LinkError, match=r"2 boards may be stm32f405, .*: COM3 .*serial 0001.*, COM7") as caught:
        require_one_board("stm32f405", [CP2102, ST_LINK], [*OTHERS, *boards])
    assert "--probe" in caught.value.hint
    require_one_board("stm32f405", [CP2102, ST_LINK], [*OTHERS, boards[0]])
    require_one_board("stm32f405", [], [*OTHERS, *boards])


def test_none_says_what_was_looked_for_and_what_is_there():
    with pytest.raises(LinkError) as caught:
        find_port("esp32", [CP2102, ST_LINK], OTHERS)
    assert caught.value.message == "no port has a USB id of esp32 (10c4:ea60, 0483:374b)"
    assert caught.value.hint.endswith("ports present: /dev/ttyS0, /dev/ttyUSB1 (0403:6001 FT232R)")


def test_no_port_at_all():
    with pytest.raises(LinkError) as caught:
        find_port("esp32", [CP2102], [])
    assert caught.value.hint.endswith("this computer has no serial port")


def test_a_target_without_usb_ids():
    with pytest.raises(LinkError, match="nrf52840 has no USB id to find its port by") as caught:
        find_port("nrf52840", [], OTHERS)
    assert "--port; ports present: /dev/ttyS0" in caught.value.hint


def test_this_computer_is_looked_at(monkeypatch):
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [port("/dev/ttyACM0", ST_LINK)])
    assert find_port("stm32f405", [ST_LINK]) == "/dev/ttyACM0"
