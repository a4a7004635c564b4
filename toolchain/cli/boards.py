"""How an image gets onto a board, and where the board is, by what the user said and the target has."""

from typing import TYPE_CHECKING

from toolchain.cli.console import progress, step

if TYPE_CHECKING:
    from toolchain.build import BuildResult
    from toolchain.link import HelloReply
    from toolchain.target import Flasher, Target

#: What users call an emulator, where that is not its kind.
_EMULATOR_NAMES = {"process": "host"}


def choose_flasher(target: "Target", name: str | None) -> "Flasher | None":
    """Return the flasher called ``name``; without a name the target's first one. None stands for its emulator.

    Raises:
        UsageError: if the target has none of that name.
    """
    from toolchain.errors import UsageError

    if name is None:
        return target.flashers[0] if target.flashers else None
    for flasher in target.flashers:
        if flasher.kind == name:
            return flasher
    emulator = _emulator_name(target)
    if name == emulator:
        return None
    names = [flasher.kind for flasher in target.flashers] + ([emulator] if emulator else [])
    raise UsageError(f"{target.name} has no flasher '{name}'", f"it has: {', '.join(names) or 'none'}")


def _emulator_name(target: "Target") -> str | None:
    if target.emulator is None:
        return None
    return _EMULATOR_NAMES.get(target.emulator.kind, target.emulator.kind)


def choose_port(target: "Target", port: str | None) -> str:
    """Return the port the user named, or else the one that has the target's USB id.

    Raises:
        LinkError: if there is no such port, or more than one.
    """
    from toolchain.link import find_port

    return port or find_port(target.name, target.usb)


def flash_board(
    target: "Target", image: "BuildResult", flasher: "Flasher", port: str, probe: str | None
) -> "HelloReply":
    """Write the image with a progress bar, wait until the board has booted, and return what it says it runs.

    Raises:
        MissingToolError: if the flasher's tool is not installed.
        FlashError: if the image cannot be written.
        LinkError: if several boards are attached and nothing says which is meant, or the board does not answer, or
            runs something else.
    """
    from toolchain.build import exact_copy
    from toolchain.flash import Job, takes_first_probe, write_board
    from toolchain.link import read_back, require_one_board

    if probe is None and takes_first_probe(flasher):
        require_one_board(target.name, target.usb)

    with exact_copy(image) as copy, progress(f"flashing {target.name} with {flasher.kind}", None) as bar:
        write_board(
            Job(target, copy, port, probe), flasher, on_progress=lambda percent: bar.at(round(percent), 100)
        )
    hello = read_back(port, target.baud, build_id=image.build_id, model_hash=image.model_hash)
    say_what_runs(hello, port)
    return hello


def say_what_runs(hello: "HelloReply", port: str) -> None:
    """Say on stderr what answered on a port."""
    step(f"{hello.target} runs {hello.model}, build {hello.build_id.hex()}, on {port}")
