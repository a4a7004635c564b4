"""C programs of the tests: here with the sanitizers, or on an emulated board that has a kernel's instructions."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.builds import need
from tests.codegen.compiled import SANITIZED, STRICT
from toolchain.target import Target, load_target
from toolchain.target.schema import KernelName

#: Boards whose emulator runs what this computer cannot, with the memory that the tests take.
EMULATED: dict[KernelName, str] = {"armv6m": "mps2-an386", "dsp": "mps2-an386", "helium": "mps3-an547"}

#: Boards whose compiler flags make the code, where they are others': a Cortex-M4 runs a Cortex-M0's instructions.
_COMPILED_FOR: dict[KernelName, str] = {"armv6m": "microbit"}

_SEMIHOSTING = Path(__file__).parent / "semihosting"


class Program:
    """A compiled program; skips the test that compiles it if its compiler or emulator is missing."""

    def __init__(self, sources: Sequence[Path], kernel: KernelName, folder: Path) -> None:
        self._target = load_target(EMULATED[kernel]) if kernel in EMULATED else None
        self.path = folder / "program"
        flags = load_target(_COMPILED_FOR.get(kernel, EMULATED.get(kernel, "host"))).compiler.flags
        compiler = _cross_compiler(self._target, flags) if self._target else ["gcc", *STRICT, *SANITIZED]
        subprocess.run([*compiler, f"-I{folder}", "-o", self.path, *sources], check=True)

    def run(self, data: bytes, *arguments: object) -> "subprocess.CompletedProcess[bytes]":
        """Run it with ``data`` on standard input; it must succeed."""
        command = _emulation(self._target, self.path, arguments) if self._target else [self.path, *map(str, arguments)]
        done = subprocess.run(command, input=data, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr[-400:]
        return done


def _cross_compiler(target: Target, flags: Sequence[str]) -> list[str | Path]:
    """The target's compiler, for an image that reads and writes through the emulator."""
    need(target.compiler.command)
    assert target.memory is not None
    code, data = target.memory.flash.origin, target.memory.ram.origin
    places = [f"-Ttext={code:#x}", f"-Tdata={data:#x}", f"--defsym=stack_top={data + target.memory.ram.length:#x}"]
    image = ["--specs=rdimon.specs", "-nostartfiles", f"-T{_SEMIHOSTING / 'image.ld'}", f"-Wl,{','.join(places)}"]
    # newlib's int32_t is a long, which GCC's intrinsics mix with int: no -Wconversion here.
    warnings = ["-std=c11", "-Wall", "-Wextra", "-Wshadow", "-Werror"]
    small = ["-DLONGEST=65536"]
    return [target.compiler.command, *flags, *warnings, *small, *image, _SEMIHOSTING / "start.c"]


def _emulation(target: Target, image: Path, arguments: Sequence[object]) -> list[str | Path]:
    assert target.emulator is not None
    assert target.emulator.command is not None
    need(target.emulator.command)
    machine = ["-machine", str(target.emulator.machine), "-display", "none", "-monitor", "none", "-serial", "null"]
    command_line = ",".join(["enable=on", "target=native", *(f"arg={each}" for each in ("program", *arguments))])
    return [target.emulator.command, *machine, "-semihosting-config", command_line, "-kernel", image]
