"""rp2040js, a simulator of the RP2040, with the chip's UART0 on a TCP port of this computer."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolchain.errors import FlashError, MissingToolError
from toolchain.flash.child import Child, running
from toolchain.target import DEFAULT_BAUD, Emulator
from toolchain.tools import find_tool, install_line

_NODE = "node"
_PACKAGE = "rp2040js"
_RUNNER = Path(__file__).with_name("rp2040js_runner.cjs")
_READY = "listening on "


@contextmanager
def run_rp2040js(emulator: Emulator, elf: Path) -> Iterator[str]:
    """Run the UF2 image beside ``elf`` on the simulated chip and yield its UART as a ``socket://`` URL.

    Raises:
        MissingToolError: if Node.js or rp2040js is not installed.
        FlashError: if the simulator ends instead of running, with what it said.
    """
    node = find_tool(_NODE)
    _, *arguments = rp2040js_command(emulator, elf)
    image = _image(elf)
    if not image.is_file():
        raise FlashError(f"there is no image {image}", "run 'toolchain build' first")
    with running([str(node), *arguments], _PACKAGE) as simulation:
        port = simulation.wait_for(lambda: _port(simulation))
        if port is None:
            raise FlashError(f"the emulator did not start: {simulation.complaint()}")
        yield f"socket://127.0.0.1:{port}"


def rp2040js_command(emulator: Emulator, elf: Path) -> list[str]:
    """Return the command that runs the UF2 image beside ``elf``; it says on which port the UART is.

    Raises:
        MissingToolError: if rp2040js is not installed.
    """
    return [_NODE, str(_RUNNER), str(find_rp2040js()), str(_image(elf)), str(DEFAULT_BAUD)]


def _image(elf: Path) -> Path:
    return elf.with_suffix(".uf2")


def find_rp2040js() -> Path:
    """Return the folder of the package, which is looked for in ``NODE_PATH`` and then beside this Python.

    Raises:
        MissingToolError: if it is not installed; the hint has the line that installs it.
    """
    named = [Path(folder) for folder in os.environ.get("NODE_PATH", "").split(os.pathsep) if folder]
    for folder in (*named, Path(sys.prefix) / "node_modules"):
        if (folder / _PACKAGE / "package.json").is_file():
            return folder.resolve() / _PACKAGE
    raise MissingToolError(f"the Node.js package '{_PACKAGE}' is not installed", f"run: {install_line(_PACKAGE)}")


def _port(simulation: Child) -> int | None:
    lines = [line for line in simulation.output() if line.startswith(_READY)]
    return int(lines[0].removeprefix(_READY)) if lines else None
