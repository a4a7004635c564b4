"""A port that cannot be opened is explained in one sentence."""

import os
import socket
import threading

import pytest
import serial

from toolchain.errors import LinkError
from toolchain.link import Board


@pytest.fixture
def silent_line():
    """A pseudo-terminal with nobody at the other end who answers."""
    master, slave = os.openpty()
    yield os.ttyname(slave), master
    os.close(master)
    os.close(slave)


def test_a_port_that_is_not_there():
    with pytest.raises(LinkError, match="there is no port /dev/ttyNONE"):
        Board("/dev/ttyNONE")


def test_a_port_that_is_in_use(silent_line):
    name, _ = silent_line
    with serial.Serial(name, exclusive=True), pytest.raises(LinkError, match=f"{name} is in use"):
        Board(name)


def test_a_port_without_permission(monkeypatch):
    def refuse(*arguments, **options):
        raise serial.SerialException(13, "could not open port /dev/ttyUSB0: Permission denied")

    monkeypatch.setattr(serial, "serial_for_url", refuse)
    with pytest.raises(LinkError, match="no permission to open /dev/ttyUSB0") as caught:
        Board("/dev/ttyUSB0")
    assert "usermod -aG dialout" in caught.value.hint


@pytest.mark.parametrize("url", ["nonsense://x", "socket://127.0.0.1:1", "socket://no-such-host.invalid:1"])
def test_a_url_that_leads_nowhere(url):
    with pytest.raises(LinkError, match="cannot open the port"):
        Board(url)


def test_a_file_is_not_a_port(tmp_path):
    path = tmp_path / "file"
    path.write_text("x")
    with pytest.raises(LinkError, match="cannot open the port"):
        Board(str(path))


def test_a_silent_line_is_an_error_in_time(silent_line):
    name, _ = silent_line
    with Board(name, timeout=0.3) as board, pytest.raises(LinkError, match=r"no board answered on .* within 0.3 s$"):
        board.hello()


def test_a_line_with_a_stranger_on_it_says_so(silent_line):
    name, master = silent_line
    with Board(name, timeout=0.3) as board:
        os.write(master, b"login: " * 50)
        with pytest.raises(LinkError, match="though bytes come in") as caught:
            board.hello()
    assert "baud" in caught.value.hint


def test_a_line_that_echoes_is_no_board():
    """A loop-back plug sends every request back, token included."""

    def echo(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            while data := connection.recv(4096):
                connection.sendall(data)

    with socket.create_server(("127.0.0.1", 0)) as server:
        loop_back = threading.Thread(target=echo, args=(server,), daemon=True)
        loop_back.start()
        with (
            Board(f"socket://127.0.0.1:{server.getsockname()[1]}", timeout=0.5) as board,
            pytest.raises(LinkError, match="though bytes come in"),
        ):
            board.hello()
        loop_back.join()
