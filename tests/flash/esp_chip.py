"""A chip of Espressif's in its boot loader: the protocol is that of `esp32_mock_bootloader`, the flash is ours."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from esp32_mock_bootloader.server import BootloaderConnection, FlashImage, PtyMasterTransport, handle_client


class WornFlash(FlashImage):
    """Flash with bytes that cannot be written."""

    def write_plain_block(self, payload: bytes) -> None:
        super().write_plain_block(payload)
        self._damage()

    def write_defl_block(self, payload: bytes) -> None:
        super().write_defl_block(payload)
        self._damage()

    def _damage(self) -> None:
        self.data[0x1234:0x1244] = bytes(16)


@contextmanager
def on_socket(chip: str, flash: FlashImage) -> Iterator[str]:
    """The chip behind a TCP port; yields its URL."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)

        def serve() -> None:
            while not stop.is_set():
                with suppress(TimeoutError):
                    handle_client(BootloaderConnection(sock=server.accept()[0]), stop, chip, flash=flash)

        with _running(serve, stop):
            yield f"socket://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def on_pty(chip: str, flash: FlashImage) -> Iterator[str]:
    """The chip on a pseudo-terminal; yields its name."""
    stop = threading.Event()
    terminal = PtyMasterTransport.create()

    def serve() -> None:
        while not stop.is_set():
            handle_client(BootloaderConnection(pty=terminal), stop, chip, flash=flash)

    with _running(serve, stop):
        yield terminal.client_path
    terminal.close()


@contextmanager
def _running(serve, stop: threading.Event) -> Iterator[None]:
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
