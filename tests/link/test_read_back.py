"""After flashing, a board takes its time to boot, and may take its port away meanwhile."""

import os
import threading
import time

import pytest

from toolchain.errors import LinkError
from toolchain.link import read_back
from toolchain.link.port import PortError
from toolchain.link.read_back import BOOT_SECONDS


def test_what_runs_is_read_back(device, build):
    hello = read_back(device, 115_200, build_id=build.build_id, model_hash=build.model_hash)
    assert hello.build_id == build.build_id


def test_another_build_is_refused_at_once(device, build):
    start = time.monotonic()
    with pytest.raises(LinkError, match="runs build"):
        read_back(device, 115_200, build_id=bytes(8), model_hash=build.model_hash)
    assert time.monotonic() - start < BOOT_SECONDS


def test_a_port_that_comes_back_late_is_waited_for(device, build, tmp_path):
    port = tmp_path / "ttyACM0"
    timer = threading.Timer(0.5, os.symlink, (device, port))
    timer.start()
    hello = read_back(str(port), 115_200, build_id=build.build_id, model_hash=build.model_hash)
    assert hello.build_id == build.build_id
    timer.join()


def test_a_port_that_stays_away_is_an_error_in_time(build, tmp_path):
    name, start = str(tmp_path / "ttyACM0"), time.monotonic()
    with pytest.raises(PortError, match=f"there is no port {name}"):
        read_back(name, 115_200, build_id=build.build_id, model_hash=build.model_hash, boot_seconds=0.3)
    assert time.monotonic() - start < BOOT_SECONDS


def test_a_board_that_says_nothing_is_an_error_in_time(build):
    master, slave = os.openpty()
    with pytest.raises(LinkError, match="no board answered on"):
        read_back(os.ttyname(slave), 115_200, build_id=bytes(8), model_hash=build.model_hash, boot_seconds=0.3)
    os.close(master)
    os.close(slave)
