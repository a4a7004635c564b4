"""Bring an image to life: start an emulator or a process, and give the port its serial line is on."""

from toolchain.flash.open_board import open_board

__all__ = ["open_board"]
