"""Boards that can be reset, killed and started again, and that tell when they fell over by themselves."""

import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, Self

from toolchain.errors import FlashError, UsageError
from toolchain.flash.child import Child
from toolchain.flash.process import process_command, serial_line
from toolchain.flash.qemu import reset_qemu, run_qemu
from toolchain.target import Emulator, Target

#: How the sanitizers begin what they have found.
_FINDINGS = ("runtime error:", "ERROR: AddressSanitizer:", "ERROR: LeakSanitizer:")

#: How often a start is tried.
_STARTS = 3


class RunningBoard(Protocol):
    """A board that runs. A context manager."""

    #: Its port; another one after a reset where the board is a process.
    url: str

    def reset(self) -> None:
        """Start it again, as its reset button does."""

    def kill(self) -> None:
        """Take its power away."""

    def start(self) -> None:
        """Bring a board to life that was killed, or has fallen over."""

    def complaint(self) -> str | None:
        """How it fell over, if it did so by itself; sanitizers end the process at their first finding. Says it once."""

    def __enter__(self) -> Self:
        """Start it."""

    def __exit__(self, *exception: object) -> None:
        """End it."""


class ProcessBoard:
    """Firmware for the host, as a process of its own.

    Args:
        emulator: the host's.
        elf: the firmware.
    """

    def __init__(self, emulator: Emulator, elf: Path) -> None:
        self._command, self._name = process_command(emulator, elf), elf.name
        self._child: Child | None = None
        self._earlier: str | None = None
        self._folder = TemporaryDirectory()
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._child is not None:
            self._child.stop()
        self._folder.cleanup()

    def start(self) -> None:
        """Start a new process, in place of the old one if that still runs.

        Raises:
            FlashError: if it cannot be started.
        """
        _try_again(self._start)

    reset = start

    def _start(self) -> None:
        self.kill()
        try:
            child = Child(self._command, self._name, Path(self._folder.name) / "output.txt")
        except OSError as error:
            raise FlashError(f"cannot start {self._name}: {error.strerror}") from error
        line = child.wait_for(lambda: serial_line(child))
        if line is None:
            child.kill()
            raise FlashError(f"{self._name} did not name its serial line: {child.complaint()}")
        self._child, self.url = child, line

    def kill(self) -> None:
        """End the process at once; that it had ended by itself before is remembered."""
        self._earlier = self._earlier or self._ending()
        if self._child is not None:
            self._child.kill()
            self._child = None

    def complaint(self) -> str | None:
        """Say, once, how a process ended that was not `kill`ed."""
        complaint, self._earlier = self._earlier or self._ending(), None
        return complaint

    def _ending(self) -> str | None:
        """How the process ended, if it has; it is let go of then."""
        if self._child is None or (code := self._child.exit_code()) is None:
            return None
        said = self._child.output()[1:] or ["it said nothing"]
        self._child = None
        findings = [line for line in said if any(mark in line for mark in _FINDINGS)]
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"{self._name} ended with {how}: {(findings or said)[0]}"


class QemuBoard:
    """Firmware in QEMU, which is told through a socket of its own to reset the board."""

    def __init__(self, emulator: Emulator, elf: Path) -> None:
        self._emulator, self._elf = emulator, elf
        self._running = ExitStack()
        self._folder = TemporaryDirectory()
        self.url = ""

    @property
    def _control(self) -> Path:
        return Path(self._folder.name) / "qmp"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()
        self._folder.cleanup()

    def start(self) -> None:
        """Start QEMU anew.

        Raises:
            FlashError: if it does not start.
        """
        _try_again(self._start)

    def _start(self) -> None:
        self.kill()
        self.url = self._running.enter_context(run_qemu(self._emulator, self._elf, self._control))

    def reset(self) -> None:
        """Reset the machine; its port stays."""
        reset_qemu(self._control)

    def kill(self) -> None:
        """End QEMU."""
        self._running.close()

    def complaint(self) -> str | None:
        """Nothing: a core that locks up is silent, and the next session finds it so."""
        return None


def _try_again(start: Callable[[], None]) -> None:
    """Start a board, again if it was too slow: many start at once, on a computer that may be busy."""
    for _ in range(_STARTS - 1):
        try:
            start()
        except FlashError:
            continue
        return
    start()


_BOARDS: dict[str, type[ProcessBoard] | type[QemuBoard]] = {"process": ProcessBoard, "qemu": QemuBoard}


def require_resettable(target: Target) -> None:
    """Refuse a target whose board cannot be reset and killed.

    Raises:
        UsageError: if it has no emulator, or one that is not told to.
    """
    if target.emulator is None or target.emulator.kind not in _BOARDS:
        raise UsageError(
            f"{target.name} cannot be reset at will", "take a target that QEMU emulates, or the target host"
        )


def board_of(target: Target, elf: Path) -> ProcessBoard | QemuBoard:
    """A board of this target that runs ``elf`` inside its context.

    Raises:
        UsageError: as `require_resettable`.
    """
    require_resettable(target)
    assert target.emulator is not None
    return _BOARDS[target.emulator.kind](target.emulator, elf)


def is_process(target: Target) -> bool:
    """Whether the target's board is a process of this computer; its firmware is then watched by the sanitizers."""
    return target.emulator is not None and target.emulator.kind == "process"
