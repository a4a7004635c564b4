"""TCP ports of this computer, for boards that are programs."""

import socket

_CONNECT_SECONDS = 1.0


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def takes_connections(port: int) -> bool | None:
    """Return True if a program listens on ``port``, else None."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=_CONNECT_SECONDS).close()
    except OSError:
        return None
    return True
