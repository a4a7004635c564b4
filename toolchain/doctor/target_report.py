"""What one target needs to be built, emulated and flashed, and what of it is here."""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from toolchain.doctor import probes
from toolchain.doctor.check import Check, Purpose, program, python_package
from toolchain.errors import MissingToolError
from toolchain.target import EspImage, Flasher, Target
from toolchain.tools import install_steps

#: Image formats that objcopy takes part in.
_NEEDS_OBJCOPY = ("bin", "hex", "uf2")

_DONE = {Purpose.BUILD: "built", Purpose.EMULATE: "emulated", Purpose.FLASH: "flashed"}


@dataclass(frozen=True)
class TargetReport:
    """The checks of one target."""

    target: str
    checks: tuple[Check, ...]

    def of(self, purpose: Purpose) -> list[Check]:
        """The checks for one purpose, in the order in which the target names what it needs."""
        return [check for check in self.checks if check.purpose == purpose]

    def can(self, purpose: Purpose) -> bool | None:
        """Whether it can be done here; None if it cannot be done with this target anywhere.

        Building and emulating take everything that was checked; of several flashers one is enough.
        """
        found = [check.found for check in self.of(purpose)]
        if not found:
            return None
        return any(found) if purpose == Purpose.FLASH else all(found)

    def require(self) -> None:
        """Be satisfied, or say what cannot be done.

        Raises:
            MissingToolError: if the target cannot be built, emulated or flashed here although it has the means.
        """
        lacking = [purpose for purpose in Purpose if self.can(purpose) is False]
        if lacking:
            reasons = " nor ".join(f"{_DONE[purpose]} ({self._reason(purpose)})" for purpose in lacking)
            missing = [check.name for purpose in lacking for check in self.of(purpose) if not check.found]
            steps = install_steps(missing)
            hint = f"run: {'; then run: '.join(steps)}" if steps else "the table says what is wrong"
            raise MissingToolError(f"{self.target} cannot be {reasons} here", hint)

    def as_dict(self) -> dict[str, Any]:
        """The report for JSON."""
        return {
            "target": self.target,
            "can": {purpose.value: self.can(purpose) for purpose in Purpose},
            "checks": [asdict(check) for check in self.checks],
        }

    def _reason(self, purpose: Purpose) -> str:
        names = [check.name for check in self.of(purpose) if not check.found]
        return f"needs {(' or ' if purpose == Purpose.FLASH else ' and ').join(names)}"


def examine(target: Target) -> TargetReport:
    """Check everything that ``target`` needs."""
    return TargetReport(target.name, (*_build_checks(target), *_emulation_checks(target), *_flash_checks(target)))


def _build_checks(target: Target) -> Iterator[Check]:
    yield probes.compiler(target)
    if target.memory is not None and target.image.format in _NEEDS_OBJCOPY:
        yield program(Purpose.BUILD, target.compiler.objcopy)
    if isinstance(target.image, EspImage):
        yield python_package(Purpose.BUILD, "esptool")


def _emulation_checks(target: Target) -> Iterator[Check]:
    emulator = target.emulator
    if emulator is None:
        return
    match emulator.kind:
        case "qemu":
            yield probes.qemu(emulator)
        case "rp2040js":
            yield program(Purpose.EMULATE, "node")
            yield probes.rp2040js()
        case "labwired":
            yield python_package(Purpose.EMULATE, "labwired")
        case "process":
            has = os.name == "posix"
            yield Check(Purpose.EMULATE, "pseudo-terminals", has, "of this system" if has else "this system has none")


def _flash_checks(target: Target) -> Iterator[Check]:
    for flasher in target.flashers:
        yield _flasher_check(flasher)


def _flasher_check(flasher: Flasher) -> Check:
    match flasher.kind:
        case "esptool" | "pyocd":
            return python_package(Purpose.FLASH, flasher.kind)
        case "gdb":
            return program(Purpose.FLASH, flasher.command)
        case "uf2":
            return Check(Purpose.FLASH, "uf2", True, "the board's boot loader is a drive; nothing is needed")
        case _:
            return program(Purpose.FLASH, flasher.kind)
