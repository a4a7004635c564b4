"""What the C that bakenn wrote takes on an emulated board: built by the target's own compiler, counted and checked."""

import re
import struct
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toolchain.bench.bakenn_model import BakennModel
from toolchain.build.compiler import Compiler
from toolchain.build.folder import new_build
from toolchain.build.sizes import Sizes, measure
from toolchain.build.sources import (
    LINKER_SCRIPT,
    board_context,
    board_templates,
    build_id,
    render_sources,
    template_folder,
)
from toolchain.codegen.render import render
from toolchain.errors import LinkError
from toolchain.flash import open_board
from toolchain.link.port import open_port
from toolchain.quantize.student import QuantizedStudent
from toolchain.target import Emulator, Target

ELF = "firmware.elf"

#: Files of the application that those of the board use.
_APP = (
    "board.h", "config.h", "crc32.c", "crc32.h", "messages.h", "pcm_ring.c", "pcm_ring.h",
    "receive_ring.c", "receive_ring.h",
)  # fmt: skip
_COMPARISON = "comparison"
_BAKENN = "bakenn"
_FLAGS = ("-DBAKENN_CMSIS_NN_BUILTIN_MEMORY", "-w")

#: The clip lies in the image for want of a front end.
_CLIP_OBJECT = "app/image"

#: What the board sends before the network's output: ticks, and bytes of the stack.
_FIGURES = struct.Struct("<II")

#: The tick counter has 32 bits, and the whole window is one call. So an instruction takes 2^7 ns of emulated time here,
#: which is still more than a tick.
_ICOUNT_SHIFT = 7
_SHIFT = re.compile(r"\bshift=(\d+)")

_TIMEOUT_SECONDS = 60.0
_READ_BYTES = 4096


@dataclass(frozen=True)
class BakennCount:
    """One run of the network.

    Attributes:
        instructions: of the whole window.
        flash_bytes: of the image without the clip in it: start-up, serial line, network.
        ram_bytes: arena, input, output, the little that start-up and serial line need, and the stack.
        output: int8, flat.
    """

    instructions: int
    flash_bytes: int
    ram_bytes: int
    output: NDArray[np.int8]


class BakennImage:
    """An image of the network and of one clip.

    Args:
        model: the network's C.
        student: the student that it was made from.
        target: an emulated board with a flash and a UART, which counts instructions.
        clip: the log-mel image, int8, any shape.
    """

    def __init__(
        self, model: BakennModel, student: QuantizedStudent, target: Target, clip: NDArray[np.int8]
    ) -> None:
        self._model = model
        self._target = target.model_copy(update={"compiler": _with_flags(target, model)})
        self._sources = {f"{_BAKENN}/{name}": text for name, text in model.sources.items()}
        self._sources |= _application(student, target, clip)

    def identity(self) -> str:
        """The id of an image built now, without building it.

        Raises:
            MissingToolError: if the target's compiler is not installed.
        """
        compiler = Compiler(self._target, Path())
        return build_id(self._sources, (*compiler.flags, *compiler.link_flags, compiler.version)).hex()

    def run(self, folder: Path) -> BakennCount:
        """Build the image in ``folder``, and run it once.

        Raises:
            BuildError: if the image is not made.
            FlashError: if the emulator does not run it.
            LinkError: if the board does not answer in time.
        """
        assert self._target.emulator is not None
        sizes = self._build(folder)
        emulator = _slower(self._target.emulator)
        assert emulator.ticks_per_instruction is not None
        slow = self._target.model_copy(update={"emulator": emulator})
        with open_board(slow, folder / ELF) as url:
            ticks, stack_bytes, output = _ask(url, slow.baud, self._model.output_bytes)
        return BakennCount(
            instructions=round(ticks / emulator.ticks_per_instruction),
            flash_bytes=sizes.flash_bytes - sizes.objects[_CLIP_OBJECT][0],
            ram_bytes=sizes.ram_static_bytes + stack_bytes,
            output=output,
        )

    def _build(self, folder: Path) -> Sizes:
        with new_build(folder) as work:
            for name, text in self._sources.items():
                path = work / "src" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            compiler = Compiler(self._target, work)
            objects = [compiler.compile(name) for name in sorted(self._sources) if name.endswith(".c")]
            compiler.link(objects, LINKER_SCRIPT, ELF)
            return measure(work / ELF, (work / ELF).with_suffix(".map"), self._target.memory)


def _application(student: QuantizedStudent, target: Target, clip: NDArray[np.int8]) -> dict[str, str]:
    """What runs the network on the board. No watchdog: nobody feeds it while the network runs."""
    target = target.model_copy(update={"board": target.board.model_copy(update={"watchdog": None})})
    templates = {path: template for path, template in template_folder("app", "app").items() if Path(path).name in _APP}
    context = board_context(student, target)
    sources = render_sources({**templates, **board_templates(target)}, context)
    variables = {"image": clip.ravel().tolist(), "generated_by": context.generated_by}
    own = template_folder(_COMPARISON, "app").items()
    return {**sources, **{path: render(template, **variables) for path, template in own}}


def _with_flags(target: Target, model: BakennModel) -> object:
    includes = [f"-Isrc/{_BAKENN}/{folder}" for folder in model.include_folders]
    compile_flags = [*target.compiler.compile_flags, *_FLAGS, *includes]
    return target.compiler.model_copy(update={"compile_flags": compile_flags})


def _slower(emulator: Emulator) -> Emulator:
    """The emulator with time that passes so slowly that a whole window's ticks fit 32 bits."""
    arguments = " ".join(emulator.args)
    shift = _SHIFT.search(arguments)
    assert shift is not None and emulator.ticks_per_instruction is not None
    ticks = emulator.ticks_per_instruction / 2.0 ** (int(shift[1]) - _ICOUNT_SHIFT)
    args = [_SHIFT.sub(f"shift={_ICOUNT_SHIFT}", argument) for argument in emulator.args]
    return emulator.model_copy(update={"args": args, "ticks_per_instruction": ticks})


def _ask(url: str, baud: int, output_bytes: int) -> tuple[int, int, NDArray[np.int8]]:
    """Let the board run the network, and return its ticks, its stack and its output."""
    data = b""
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    with open_port(url, baud, _TIMEOUT_SECONDS) as port:
        port.write(b"?")
        while len(data) < _FIGURES.size + output_bytes:
            if time.monotonic() > deadline:
                raise LinkError("the network that bakenn compiled gave no result", "does the emulator run?")
            data += port.read(_READ_BYTES)
    ticks, stack_bytes = _FIGURES.unpack_from(data)
    return ticks, stack_bytes, np.frombuffer(data, np.int8, offset=_FIGURES.size)
