"""``toolchain flash``."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolchain.cli.console import print_json, step
from toolchain.cli.options import (
    DEFAULT_OUT,
    FlasherOption,
    JsonOption,
    ModelOption,
    OutOption,
    PortOption,
    ProbeOption,
    StudentOption,
    TargetOption,
    TrustedOption,
)

if TYPE_CHECKING:
    from toolchain.build import BuildResult
    from toolchain.link import HelloReply
    from toolchain.signing import Signature
    from toolchain.target import Flasher, Target

EXAMPLE = "toolchain flash --target stm32f405 --flasher st-flash --port /dev/ttyACM0"


def flash(
    target: TargetOption,
    model: ModelOption = None,
    student: StudentOption = None,
    flasher: FlasherOption = None,
    port: PortOption = None,
    probe: ProbeOption = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Write the exact commands to stdout, and do nothing. A port or drive that they need must be there.",
        ),
    ] = False,
    keep_running: Annotated[
        bool, typer.Option("--keep-running", help="Leave the emulator running until Ctrl-C, for 'verify --port'.")
    ] = False,
    trusted: TrustedOption = None,
    out: OutOption = DEFAULT_OUT,
    json: JsonOption = False,
) -> None:
    """Write a built image to its board, or start it on its emulator, and read back what runs there.

    Without --flasher, the target's first one is used, and its emulator where it has none. The board's answer must
    carry this build's id; a board that runs something else is an error (exit code 6).
    """
    from toolchain.build import read_build
    from toolchain.cli.boards import choose_flasher, choose_port, flash_board
    from toolchain.cli.build import build_folder, reading
    from toolchain.cli.signatures import check_built, open_trusted
    from toolchain.cli.students import open_student
    from toolchain.target import load_target

    keys = open_trusted(trusted)
    board, chosen = load_target(target), open_student(model, student).quantized
    folder = build_folder(out, board, chosen)

    def read_checked() -> "tuple[BuildResult, Signature | None]":
        image = read_build(folder)
        return image, check_built(image, chosen, keys)

    way = choose_flasher(board, flasher)
    if dry_run:
        _print_commands(board, read_checked()[0], way, port, probe, as_json=json)
    elif way is None:
        _start(board, folder, read_checked, port, keep_running=keep_running, as_json=json)
    else:
        with reading(folder):
            image, signature = read_checked()
            place = choose_port(board, port)
            hello = flash_board(board, image, way, place, probe)
            if signature is not None:
                _require_signed(board, image, place)
        if json:
            _print_facts(hello, place)


def _print_commands(
    target: "Target",
    image: "BuildResult",
    flasher: "Flasher | None",
    port: str | None,
    probe: str | None,
    *,
    as_json: bool,
) -> None:
    from toolchain.flash import shell_line

    commands = _commands(target, image, flasher, port, probe)
    if as_json:
        print_json(commands)
    else:
        for command in commands:
            typer.echo(shell_line(command))


def _commands(
    target: "Target", image: "BuildResult", flasher: "Flasher | None", port: str | None, probe: str | None
) -> list[list[str]]:
    from toolchain.cli.boards import choose_port
    from toolchain.errors import FlashError
    from toolchain.flash import Job, emulator_command, flash_steps, needs_port

    if flasher is not None:
        place = choose_port(target, port) if needs_port(flasher) else port
        return [list(step.arguments) for step in flash_steps(Job(target, image, place, probe), flasher)]
    if target.emulator is None:
        raise FlashError(f"{target.name} has neither a flasher nor an emulator", "add a flasher to its target file")
    return [emulator_command(target.emulator, image.elf)]


def _start(
    target: "Target",
    folder: Path,
    read_checked: Callable[[], "tuple[BuildResult, Signature | None]"],
    port: str | None,
    *,
    keep_running: bool,
    as_json: bool,
) -> None:
    """Start the emulator, or look at what runs on a port already."""
    from toolchain.build import exact_copy
    from toolchain.cli.boards import say_what_runs
    from toolchain.cli.build import reading
    from toolchain.flash import open_board
    from toolchain.link import Board
    from toolchain.verify.health import require_sound

    with ExitStack() as stack:
        with reading(folder):
            image, _ = read_checked()
            copy = stack.enter_context(exact_copy(image))
            url = stack.enter_context(open_board(target, copy.elf, port))
            with Board(url, baud=target.baud) as board:
                hello = board.require(build_id=image.build_id, model_hash=image.model_hash)
                require_sound(board, image)
        # What answers is a copy: others may have the folder, such as 'verify --port' with a board kept running.
        if as_json:
            _print_facts(hello, url)
        say_what_runs(hello, url)
        if keep_running and port is None:
            step("Ctrl-C ends it")
            _wait()


def _require_signed(target: "Target", image: "BuildResult", port: str) -> None:
    """Let the board compute its image's checksum: it must be that of the signed build."""
    from toolchain.link import Board
    from toolchain.verify.health import require_sound

    with Board(port, baud=target.baud) as board:
        require_sound(board, image)


def _print_facts(hello: "HelloReply", port: str) -> None:
    print_json({"port": port, "target": hello.target, "model": hello.model, "build_id": hello.build_id.hex()})


def _wait() -> None:
    while True:
        time.sleep(3600)
