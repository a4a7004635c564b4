"""All C sources of one image: the engine, the application and the board, rendered."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

import toolchain
from toolchain.codegen.engine import generate_engine
from toolchain.codegen.render import render
from toolchain.errors import BuildError
from toolchain.quantize.student import QuantizedStudent
from toolchain.resources import templates_dir
from toolchain.target import HOST_MICROPHONE, NO_WATCHDOG, Target

#: Bytes of the digests by which host and board know each other.
DIGEST_BYTES = 8

#: Identifies the image, so it cannot take part in its own digest.
BUILD_ID_FILE = "app/build_id.c"

LINKER_SCRIPT = "board/linker.ld"

#: Functions of the engine around which the linker puts those of ``app/profile.c``.
_PROFILED = (
    "w2s_begin",
    "w2s_begin_running",
    "w2s_push",
    "w2s_finish",
    "w2s_backbone_row",
    "w2s_head_row",
    "w2s_show",
)

#: What the linker needs to be told of an image that counts its ticks by layer.
PROFILE_LINK_FLAGS = tuple(f"-Wl,--wrap={name}" for name in _PROFILED)


@dataclass(frozen=True)
class BoardContext:
    """What the templates of the application and the board may use."""

    generated_by: str
    target_name: str
    has_profile: int  # 1 where the image counts its ticks by layer
    receive_ring_bytes: int
    audio_frame_samples: int
    board_constants: list[tuple[str, str]]
    interrupts: list[tuple[str, str]]  # constant with the number, function that serves it
    last_interrupt: str  # the one with the highest number; "" where the board serves none by number
    machine: str  # the machine file's name; "" where the core alone says what is needed
    boot_loader_bytes: int
    flash_origin: str
    flash_length: str
    ram_origin: str
    ram_length: str
    stack_bytes: str


def firmware_sources(student: QuantizedStudent, target: Target, *, profiled: bool = False) -> dict[str, str]:
    """Return the sources of one image by path below ``src/``, all but the one that holds the build id.

    Args:
        student: the deployed model.
        target: the board.
        profiled: whether the image counts its ticks by layer; it is then linked with `PROFILE_LINK_FLAGS`.

    Raises:
        BuildError: if the target names a board folder or driver that does not exist.
    """
    engine = {f"engine/{name}": text for name, text in generate_engine(student, target.kernel).items()}
    templates = {**template_folder("app", "app"), **board_templates(target)}
    if profiled:
        templates |= template_folder("profile", "app")
    return {**engine, **render_sources(templates, board_context(student, target, profiled=profiled))}


def render_sources(templates: Mapping[str, str], context: BoardContext) -> dict[str, str]:
    """Render templates, given by the paths of what they become, all but the source that holds the build id."""
    variables = {field.name: getattr(context, field.name) for field in fields(context)}
    return {path: render(template, **variables) for path, template in templates.items() if path != BUILD_ID_FILE}


def build_id(sources: Mapping[str, str], toolset: Iterable[str]) -> bytes:
    """Return an image's identity: 8 bytes of the SHA-256 over its sources and over ``toolset``, in order."""
    state = hashlib.sha256()
    for part in (*(text for item in sorted(sources.items()) for text in item), *toolset):
        state.update(hashlib.sha256(part.encode()).digest())
    return state.digest()[:DIGEST_BYTES]


def build_id_source(identity: bytes, student: QuantizedStudent) -> str:
    """Return the source file that puts ``identity`` into the image."""
    literal = ", ".join(f"0x{byte:02X}" for byte in identity)
    return render(f"{BUILD_ID_FILE}.j2", generated_by=_generated_by(student), build_id_bytes=literal)


def _generated_by(student: QuantizedStudent) -> str:
    return (
        f"Generated for {student.model} {student.digest()[:DIGEST_BYTES].hex()} "
        f"by wav2small-toolchain {toolchain.__version__}."
    )


def board_context(student: QuantizedStudent, target: Target, *, profiled: bool = False) -> BoardContext:
    """Compute the variables of the templates of the application and the board."""
    memory = target.memory
    interrupts = _interrupts(target)
    return BoardContext(
        generated_by=_generated_by(student),
        target_name=target.name,
        has_profile=int(profiled),
        receive_ring_bytes=target.link.receive_ring_bytes,
        audio_frame_samples=target.link.audio_frame_samples,
        board_constants=_board_constants(target),
        interrupts=[(constant, handler) for _, constant, handler in interrupts],
        last_interrupt=interrupts[-1][1] if interrupts else "",
        machine=target.board.machine or "",
        boot_loader_bytes=memory.boot_loader_bytes if memory else 0,
        flash_origin=_hex(memory.flash.origin) if memory else "",
        flash_length=_hex(memory.flash.length) if memory else "",
        ram_origin=_hex(memory.ram.origin) if memory else "",
        ram_length=_hex(memory.ram.length) if memory else "",
        stack_bytes=str(memory.stack_bytes) if memory else "",
    )


def _interrupts(target: Target) -> list[tuple[int, str, str]]:
    """Number, constant and handler of every interrupt the drivers use, in the order of the numbers."""
    uart, microphone, watchdog = target.board.uart, target.board.microphone, target.board.watchdog
    used = []
    if uart is not None:
        used.append((uart.receive_irq, "UART_RECEIVE_IRQ", "uart_receive_interrupt"))
    if microphone.irq is not None:
        used.append((microphone.irq, "MICROPHONE_IRQ", "microphone_interrupt"))
    if watchdog is not None and watchdog.irq is not None:
        used.append((watchdog.irq, "WATCHDOG_IRQ", "watchdog_interrupt"))
    return sorted(used)


def _board_constants(target: Target) -> list[tuple[str, str]]:
    return [
        *_tick_constants(target),
        *_uart_constants(target),
        *_microphone_constants(target),
        *_watchdog_constants(target),
    ]


def _tick_constants(target: Target) -> list[tuple[str, str]]:
    ticks = target.board.ticks
    constants = [("TICKS_HZ", f"{ticks.hz}u")]
    return constants if ticks.base is None else [*constants, ("TICKS_BASE", f"{_hex(ticks.base)}u")]


def _uart_constants(target: Target) -> list[tuple[str, str]]:
    uart = target.board.uart
    if uart is None:
        return []
    return [
        ("UART_BASE", f"{_hex(uart.base)}u"),
        ("UART_STRIDE", f"{uart.stride}u"),
        ("UART_CLOCK_HZ", f"{uart.clock_hz}u"),
        ("UART_BAUD", f"{uart.baud}u"),
        ("UART_RECEIVE_IRQ", str(uart.receive_irq)),
        *pin_constants("UART", uart.pins),
    ]


def _microphone_constants(target: Target) -> list[tuple[str, str]]:
    microphone = target.board.microphone
    constants = [
        ("HAS_MICROPHONE", str(int(microphone.driver != HOST_MICROPHONE))),
        ("MICROPHONE_RING_SAMPLES", f"{microphone.ring_samples}u"),
    ]
    if microphone.base is not None:
        constants.append(("MICROPHONE_BASE", f"{_hex(microphone.base)}u"))
    if microphone.irq is not None:
        constants.append(("MICROPHONE_IRQ", str(microphone.irq)))
    return [*constants, *pin_constants("MICROPHONE", microphone.pins)]


def _watchdog_constants(target: Target) -> list[tuple[str, str]]:
    watchdog = target.board.watchdog
    if watchdog is None:
        return []
    constants = [
        ("WATCHDOG_BASE", f"{_hex(watchdog.base)}u"),
        ("WATCHDOG_CLOCK_HZ", f"{watchdog.clock_hz}u"),
        ("WATCHDOG_SECONDS", f"{watchdog.seconds}u"),
    ]
    return constants if watchdog.irq is None else [*constants, ("WATCHDOG_IRQ", str(watchdog.irq))]


def pin_constants(part: str, pins: Mapping[str, int]) -> list[tuple[str, str]]:
    """Name and value of the constant for each of a part's pins, by their roles."""
    return [(f"{part}_PIN_{role.upper()}", f"{number}u") for role, number in pins.items()]


def _hex(value: int) -> str:
    return f"0x{value:08X}"


def board_templates(target: Target) -> dict[str, str]:
    """Source path -> template for everything of an image that depends on its board.

    Raises:
        BuildError: if the target names a board folder or driver that does not exist.
    """
    board = target.board
    templates = template_folder("boards/bare_metal", "board") if target.memory else {}
    if target.memory and target.memory.loaded:
        templates |= template_folder("boards/loaded", "board")
    templates |= template_folder(f"boards/{board.template}", "board")
    drivers = {
        "machine": board.machine,
        "uart": board.uart.driver if board.uart else None,
        "ticks": board.ticks.driver,
        "microphone": board.microphone.driver,
        "watchdog": _watchdog_driver(target),
    }
    for kind, name in drivers.items():
        if name is not None:
            templates |= _driver(kind, name)
    return templates


def _watchdog_driver(target: Target) -> str | None:
    """The driver; none at all for a board that is not ours alone, whose folder has what takes its place."""
    if target.memory is None:
        return None
    return target.board.watchdog.driver if target.board.watchdog else NO_WATCHDOG


def template_folder(name: str, source_folder: str) -> dict[str, str]:
    """Source path -> template for all files of a folder of ``firmware_templates/``.

    Raises:
        BuildError: if there is no such folder.
    """
    folder = templates_dir() / name
    if not folder.is_dir():
        raise BuildError(f"there is no template folder {name}", "check the target file")
    files = sorted(path.name for path in folder.iterdir() if path.is_file())
    return {f"{source_folder}/{file.removesuffix('.j2')}": f"{name}/{file}" for file in files}


def _driver(kind: str, name: str) -> dict[str, str]:
    """Source path -> template for one driver and the header all drivers of its kind share."""
    folder = templates_dir() / "boards" / kind
    drivers = {path.name.partition(".")[0]: path.name for path in folder.glob("*.c*")}
    if name not in drivers:
        known = ", ".join(sorted(drivers))
        raise BuildError(f"there is no {kind} driver '{name}'", f"known drivers: {known}")
    return {f"board/{name}.c": f"boards/{kind}/{drivers[name]}", f"board/{kind}.h": f"boards/{kind}/{kind}.h"}
