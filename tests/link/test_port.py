"""A port that cannot be opened is explained in one sentence."""

import os
import socket
import subprocess
import sys
import threading

import pytest
import serial

from toolchain.errors import LinkError
from toolchain.link import Board
from toolchain.link.port import lock_file, open_port


@pytest.fixture
def silent_line():
    """A pseudo-terminal with nobody at the other end who answers."""
    master, slave = os.openpty()
    yield os.ttyname(slave), master
    os.close(master)
    os.close(slave)


def test_a_port_that_is_not_there(tmp_path):
    """Under a name of its own: whoever opens a port holds it for a moment, and tests may run at once."""
    name = str(tmp_path / "ttyNONE")
    with pytest.raises(LinkError, match=f"there is no port {name}"):
        Board(name)


def test_a_port_that_is_in_use(silent_line):
    name, _ = silent_line
    with serial.Serial(name, exclusive=True), pytest.raises(LinkError, match=f"{name} is in use"):
        Board(name)


_OPENS = """
import sys
from toolchain.errors import LinkError
from toolchain.link.port import open_port
try:
    open_port(sys.argv[1], 115200, 1.0)
except LinkError as error:
    print(error.message)
"""


def _other_run(url: str) -> str:
    """What another process says that opens the port."""
    return subprocess.run([sys.executable, "-c", _OPENS, url], capture_output=True, text=True, check=True).stdout


def test_two_runs_at_once_on_one_port_and_on_another_name_of_it(silent_line, tmp_path):
    name, _ = silent_line
    link = tmp_path / "board"
    link.symlink_to(name)
    with Board(name):
        assert lock_file(name).exists()
        for url in (name, str(link)):
            assert _other_run(url) == f"the port {url} is in use by another run\n"
            with pytest.raises(LinkError, match="is in use by another run"):
                Board(url)
    assert not lock_file(name).exists()
    assert _other_run(name) == ""


def test_two_runs_at_once_on_one_socket():
    """Which no operating system guards: a server may take two at once, and mix what they say."""
    with socket.create_server(("127.0.0.1", 0), backlog=8) as server:
        url = f"socket://127.0.0.1:{server.getsockname()[1]}"
        with Board(url):
            assert _other_run(url) == f"the port {url} is in use by another run\n"
        assert _other_run(url) == ""


@pytest.mark.parametrize(
    "other",
    [
        "socket://localhost:{}",
        "socket://LocalHost.:{}",
        "socket://:{}",
        "socket://127.1:{}",
        "socket://0.0.0.0:{}",
        "socket://[::1]:{}",
        "socket://[0:0::1]:{}",
        "socket://[::ffff:127.0.0.1]:{}",
        "socket://localhost:{}/?logging=error",
        "SOCKET://localhost:{}",
        "rfc2217://localhost:{}",
    ],
)
def test_another_name_of_a_socket_that_is_in_use(other):
    with socket.create_server(("127.0.0.1", 0), backlog=8) as server:
        port = server.getsockname()[1]
        with Board(f"socket://127.0.0.1:{port}"), pytest.raises(LinkError, match="is in use by another run"):
            Board(other.format(port))
        Board(f"socket://localhost:{port}").close()


def test_names_of_other_ports_are_told_apart():
    urls = [
        "socket://127.0.0.1:4000",
        "socket://127.0.0.1:4001",
        "socket://127.0.0.2:4000",
        "socket://192.168.1.5:4000",
        "socket://[fe80::1]:4000",
        "socket://lab.example:4000",
        "socket://bench.example:4000",
        "hwgrep://4000",
    ]
    assert len({lock_file(url) for url in urls}) == len(urls)
    assert lock_file("socket://Lab.Example.:4000") == lock_file("rfc2217://lab.example:4000?timeout=3")
    assert lock_file("socket://[FE80:0:0::1]:4000") == lock_file("socket://[fe80::1]:4000")


def test_a_name_is_not_looked_up(monkeypatch):
    """That may take long, where the network is down."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments: pytest.fail("looked up"))
    assert lock_file("socket://lab.example:4000") != lock_file("socket://localhost:4000")


@pytest.mark.parametrize("url", ["socket://[::1", "socket://localhost:many", "socket://localhost:70000", "socket://"])
def test_a_url_that_is_none_has_a_lock_too(url):
    assert lock_file(url) == lock_file(url)
    with pytest.raises(LinkError, match="cannot open the port"):
        Board(url)


def test_a_port_that_cannot_be_opened_is_not_held(tmp_path):
    name = str(tmp_path / "none")
    with pytest.raises(LinkError, match="there is no port"):
        Board(name)
    assert not lock_file(name).exists()


def test_a_name_that_is_given_to_another_line_at_once_is_free(monkeypatch):
    """The system gives a pseudo-terminal the lowest number that is free; another test may be as quick as this one."""
    close, again = serial.Serial.close, []

    def close_and_open_another(port):
        close(port)
        lines.append(os.openpty())
        again.append(os.ttyname(lines[-1][1]))
        monkeypatch.setattr(serial.Serial, "close", close)
        open_port(again[-1], 115_200, 1.0).close()

    for _ in range(10):
        lines = [os.openpty()]
        name = os.ttyname(lines[0][1])
        monkeypatch.setattr(serial.Serial, "close", close_and_open_another)
        port = open_port(name, 115_200, 1.0)
        for end in lines.pop():
            os.close(end)
        port.close()
        for end in lines.pop():
            os.close(end)
        if again[-1] == name:
            return
    raise AssertionError("no name was given twice")


def test_where_no_lock_can_be_made_the_port_opens_all_the_same(silent_line, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file" / "in"))
    (tmp_path / "file").write_text("no folder")
    name, _ = silent_line
    Board(name).close()


def test_a_port_without_permission(monkeypatch):
    def refuse(*arguments, **options):
        raise serial.SerialException(13, "could not open port /dev/ttyUSB0: Permission denied")

    monkeypatch.setattr(serial, "serial_for_url", refuse)
    with pytest.raises(LinkError, match="no permission to open /dev/ttyUSB0") as caught:
        Board("/dev/ttyUSB0")
    assert "usermod -aG dialout" in caught.value.hint


@pytest.mark.parametrize("url", ["nonsense://x", "socket://127.0.0.1:2", "socket://no-such-host.invalid:1"])
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
