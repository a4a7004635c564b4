"""``toolchain flash``."""

import time
from typing import Annotated

import typer

from toolchain.cli.console import print_json, step
from toolchain.cli.options import (
    DEFAULT_OUT,
    JsonOption,
    ModelOption,
    OutOption,
    PortOption,
    StudentOption,
    TargetOption,
)

EXAMPLE = "toolchain flash --target mps2-an386 --keep-running"


def flash(
    target: TargetOption,
    model: ModelOption = None,
    student: StudentOption = None,
    port: PortOption = None,
    keep_running: Annotated[
        bool, typer.Option("--keep-running", help="Leave the emulator running until Ctrl-C, for 'verify --port'.")
    ] = False,
    out: OutOption = DEFAULT_OUT,
    json: JsonOption = False,
) -> None:
    """Start a built image on its board and read back what runs there.

    The board's answer must carry this build's id; a board that runs something else is an error (exit code 6).
    """
    from toolchain.build import read_build
    from toolchain.cli.build import build_folder
    from toolchain.cli.students import open_student
    from toolchain.flash import open_board
    from toolchain.link import Board
    from toolchain.target import load_target

    description = load_target(target)
    image = read_build(build_folder(out, description, open_student(model, student).quantized))
    with open_board(description, image.elf, port) as url:
        with Board(url, baud=description.baud) as board:
            hello = board.require(build_id=image.build_id, model_hash=image.model_hash)
        if json:
            facts = {"port": url, "target": hello.target, "model": hello.model, "build_id": hello.build_id.hex()}
            print_json(facts)
        step(f"{hello.target} runs {hello.model}, build {hello.build_id.hex()}, on {url}")
        if keep_running and port is None:
            step("Ctrl-C ends it")
            _wait()


def _wait() -> None:
    while True:
        time.sleep(3600)
