"""Write an image to a board with one of its flashers."""

from collections.abc import Callable, Sequence

from toolchain.errors import FlashError
from toolchain.files import write_atomically
from toolchain.flash import esptool, gdb, openocd, pyocd, st_flash, uf2
from toolchain.flash.flash_tool import Command, Copy, FlashTool, Job, Step
from toolchain.flash.tool_run import run_tool
from toolchain.target import Flasher

#: What the tool printed, beside the image.
LOG_FILE = "flash.log"

_TOOLS: dict[str, FlashTool] = {
    "esptool": esptool.TOOL,
    "openocd": openocd.TOOL,
    "pyocd": pyocd.TOOL,
    "st-flash": st_flash.TOOL,
    "uf2": uf2.TOOL,
    "gdb": gdb.TOOL,
}


def needs_port(table: Flasher) -> bool:
    """Whether this flasher writes through the board's serial port."""
    return _TOOLS[table.kind].needs_port


def takes_first_probe(table: Flasher) -> bool:
    """Whether this flasher, beside several debug probes, might write to another board."""
    return _TOOLS[table.kind].takes_first_probe


def flash_steps(job: Job, table: Flasher) -> Sequence[Step]:
    """Return what `write_board` would do: exact commands and copies.

    Raises:
        FlashError: if the image does not fit, has a format that this flasher does not take, or there is no drive
            (or more than one) to copy it to.
    """
    return _TOOLS[table.kind].steps(job, table)


def write_board(
    job: Job, table: Flasher, on_progress: Callable[[float], None] = lambda percent: None
) -> None:
    """Write the image to the board and start it.

    esptool, OpenOCD, st-flash and GDB compare what was written with the image; pyOCD and a drive say only that it was
    taken, so there the build id that is read back afterwards is the proof.

    Args:
        job: board, image and port.
        table: the flasher, one of the target's.
        on_progress: called with percentages, where the tool prints some.

    Raises:
        MissingToolError: if the tool is not installed.
        FlashError: saying what went wrong; the tool's whole output is in ``flash.log`` beside the image.
    """
    tool = _TOOLS[table.kind]
    tool.require(table)
    for step in tool.steps(job, table):
        if isinstance(step, Copy):
            uf2.copy_whole(step)
        else:
            _run(tool, step, job, on_progress)


def _run(tool: FlashTool, command: Command, job: Job, on_progress: Callable[[float], None]) -> None:
    run = run_tool(command, on_progress)
    log = job.build.folder / LOG_FILE
    write_atomically(log, run.output)
    if run.succeeded:
        return
    if explained := tool.explain(run.output, job):
        raise explained
    hint = f"all that it printed is in {log}"
    if run.timed_out:
        raise FlashError(f"{tool.name} was stopped after {command.seconds:.0f} s: {run.complaint}", hint)
    raise FlashError(f"{tool.name} failed: {run.complaint}", hint)
