"""Bring an image to life: write it to a board, or start an emulator or process and give the port it is on."""

from toolchain.flash.flash_tool import Job, shell_line
from toolchain.flash.open_board import emulator_command, open_board
from toolchain.flash.write_board import flash_steps, needs_port, takes_first_probe, write_board

__all__ = [
    "Job",
    "emulator_command",
    "flash_steps",
    "needs_port",
    "open_board",
    "shell_line",
    "takes_first_probe",
    "write_board",
]
