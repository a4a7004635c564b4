"""An ESP-IDF project instead of an image: the same engine and application, for ``idf.py build``."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import toolchain
from toolchain.build.folder import new_build, no_build, read_manifest, write_manifest
from toolchain.build.sources import (
    BUILD_ID_FILE,
    DIGEST_BYTES,
    BoardContext,
    board_context,
    build_id,
    build_id_source,
    pin_constants,
    render_sources,
    template_folder,
)
from toolchain.codegen.engine import generate_engine
from toolchain.codegen.render import render
from toolchain.errors import UsageError
from toolchain.quantize.student import QuantizedStudent
from toolchain.target import HOST_MICROPHONE, Budget, EspImage, Target, load_target, target_names

#: By custom the project's folder beside the image's files.
PROJECT_FOLDER = "esp-idf"

#: The first version whose drivers are components of their own (ESP-IDF, migration guide of 5.3, "Peripherals").
IDF_VERSION = "5.3"

_BUILD = "toolchain build --framework esp-idf"
_README = "README.md"
_COMPONENT = "components/wav2small"


@dataclass(frozen=True)
class _Chip:
    """What the project has to know of a chip.

    Attributes:
        name: what ``idf.py set-target`` calls it.
        cpu_mhz: its highest clock.
        cores: how many idle tasks the watchdog can watch.
        usb_serial: whether it has the USB serial controller that is ESP-IDF's second console.
        uart_tx: pin of UART0, as ESP-IDF's ``soc/uart_pins.h`` has it; ``uart_rx`` likewise.
    """

    name: str
    cpu_mhz: int
    cores: int
    usb_serial: bool
    uart_tx: int
    uart_rx: int


_CHIPS = {
    chip.name: chip
    for chip in (
        _Chip("esp32", cpu_mhz=240, cores=2, usb_serial=False, uart_tx=1, uart_rx=3),
        _Chip("esp32s3", cpu_mhz=240, cores=2, usb_serial=True, uart_tx=43, uart_rx=44),
        _Chip("esp32c3", cpu_mhz=160, cores=1, usb_serial=True, uart_tx=21, uart_rx=20),
    )
}

#: Pins an I2S microphone needs; a target that names them has one.
_I2S_PINS = {"bclk", "ws", "din"}


@dataclass(frozen=True)
class Project:
    """A project ESP-IDF can build.

    Attributes:
        folder: where it lies.
        build_id: 8 bytes; the hello of a board that runs it carries the same.
        model_hash: 8 bytes of the student's digest, likewise.
        manifest: the content of ``manifest.json``.
    """

    folder: Path
    build_id: bytes
    model_hash: bytes
    manifest: dict[str, Any]


def write_project(student: QuantizedStudent, target: Target, out: Path) -> Project:
    """Write the ESP-IDF project of ``student`` for ``target`` into the folder ``out``.

    Files that ESP-IDF puts there (``build/``, ``sdkconfig``) are left alone.

    Raises:
        UsageError: if the target is no Espressif chip.
        BuildError: if it cannot be written. ``out`` is then as it was before.
    """
    files = project_files(student, target)
    identity = build_id(files, ())
    files[f"main/{BUILD_ID_FILE}"] = build_id_source(identity, student)
    files[_README] = _readme(student, target, identity)
    with new_build(out) as work:
        for name, text in files.items():
            path = work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        facts = {
            "framework": "esp-idf",
            "target": target.name,
            "chip": _chip(target).name,
            "model": student.model,
            "model_hash": student.digest()[:DIGEST_BYTES].hex(),
            "student": student.digest().hex(),
            "build_id": identity.hex(),
        }
        write_manifest(work, facts)
    return read_project(out)


def read_project(folder: Path) -> Project:
    """Read a project back from its folder.

    Raises:
        UsageError: if there is no complete project, or a file of it has been changed since.
    """
    manifest = read_manifest(folder, _BUILD)
    try:
        build, model = bytes.fromhex(manifest["build_id"]), bytes.fromhex(manifest["model_hash"])
    except (ValueError, KeyError, TypeError) as error:
        raise no_build(folder, _BUILD) from error
    return Project(folder, build, model, manifest)


def project_target(target: Target) -> Target:
    """The target as it is under ESP-IDF: at the highest clock, in memory that ESP-IDF lays out, on real boards only.

    Raises:
        UsageError: if it is no Espressif chip.
    """
    clock_hz = _chip(target).cpu_mhz * 1_000_000
    ticks = target.board.ticks.model_copy(update={"driver": None, "base": None, "hz": clock_hz})
    board = target.board.model_copy(update={"clock_hz": clock_hz, "ticks": ticks})
    bare_metal_only = {"memory": None, "emulator": None, "twin": None, "budget": Budget()}
    return target.model_copy(update={"board": board, **bare_metal_only})


def project_files(student: QuantizedStudent, target: Target) -> dict[str, str]:
    """Return the project's files by path, all but those that hold the build id.

    Raises:
        UsageError: if the target is no Espressif chip.
    """
    return {
        "CMakeLists.txt": render("esp_idf/CMakeLists.txt"),
        "sdkconfig.defaults": _sdkconfig(target),
        **_component(student, target),
        **_main(student, target),
    }


def _chip(target: Target) -> _Chip:
    if not isinstance(target.image, EspImage):
        known = [name for name in target_names() if isinstance(load_target(name).image, EspImage)]
        raise UsageError(
            f"ESP-IDF does not know {target.name}: it is no Espressif chip",
            f"targets that are: {', '.join(known)}",
        )
    return _CHIPS[target.image.chip]


def _sdkconfig(target: Target) -> str:
    chip, image = _chip(target), target.image
    assert isinstance(image, EspImage)
    return render(
        "esp_idf/sdkconfig.defaults.j2",
        chip=chip,
        flash_mode=image.flash_mode.upper(),
        flash_freq=image.flash_freq.upper(),
        flash_size=image.flash_size,
    )


def _component(student: QuantizedStudent, target: Target) -> dict[str, str]:
    """The engine; only the header that its users need is in the folder that they see."""
    engine = {
        f"include/{name}" if name == "wav2small.h" else f"src/{name}": text
        for name, text in generate_engine(student, target.kernel).items()
    }
    described = {
        "CMakeLists.txt": render(f"esp_idf/{_COMPONENT}/CMakeLists.txt.j2", sources=_c_files(engine)),
        "idf_component.yml": render(
            f"esp_idf/{_COMPONENT}/idf_component.yml.j2",
            version=toolchain.__version__,
            model=student.model,
            idf_version=IDF_VERSION,
        ),
    }
    return {f"{_COMPONENT}/{name}": text for name, text in {**described, **engine}.items()}


def _main(student: QuantizedStudent, target: Target) -> dict[str, str]:
    """The application and the board."""
    sources = render_sources(_templates(target), _context(student, target))
    components = ["esp_driver_uart", *(["esp_driver_i2s"] if _has_microphone(target) else [])]
    cmake = render(
        "esp_idf/main/CMakeLists.txt.j2",
        sources=_c_files([*sources, BUILD_ID_FILE]),
        components=components,
    )
    described = {
        "CMakeLists.txt": cmake,
        "idf_component.yml": render("esp_idf/main/idf_component.yml.j2", idf_version=IDF_VERSION),
    }
    return {f"main/{name}": text for name, text in {**described, **sources}.items()}


def _templates(target: Target) -> dict[str, str]:
    board = template_folder("esp_idf/main/board", "board")
    if not _has_microphone(target):
        board["board/microphone.c"] = "boards/microphone/link.c"
    header = {"board/microphone.h": "boards/microphone/microphone.h"}
    return {**template_folder("app", "app"), **board, **header}


def _has_microphone(target: Target) -> bool:
    return target.board.microphone.pins.keys() >= _I2S_PINS


def _context(student: QuantizedStudent, target: Target) -> BoardContext:
    """The variables of the application's templates, without the registers that ESP-IDF's drivers know better."""
    board = project_target(target).board
    driver = "esp_idf" if _has_microphone(target) else HOST_MICROPHONE
    microphone = board.microphone.model_copy(update={"driver": driver, "base": None, "irq": None})
    ours = {"uart": None, "microphone": microphone, "watchdog": None}
    bare = target.model_copy(
        update={"memory": None, "board": board.model_copy(update=ours)}
    )
    context = board_context(student, bare)
    pins = pin_constants("UART", _uart_pins(target))
    constants = [*context.board_constants, ("UART_BAUD", f"{target.baud}u"), *pins]
    return dataclasses.replace(context, board_constants=constants)


def _uart_pins(target: Target) -> dict[str, int]:
    """Pins of the serial line: the target's, where it names them."""
    chip = _chip(target)
    named = target.board.uart.pins if target.board.uart else {}
    return {"tx": named.get("tx", chip.uart_tx), "rx": named.get("rx", chip.uart_rx)}


def _readme(student: QuantizedStudent, target: Target, identity: bytes) -> str:
    pins = _uart_pins(target)
    return render(
        "esp_idf/README.md.j2",
        model=student.model,
        target_name=target.name,
        generated_by=board_context(student, target).generated_by,
        idf_version=IDF_VERSION,
        chip=_chip(target),
        build_id=identity.hex(),
        uart_tx=pins["tx"],
        uart_rx=pins["rx"],
        baud=target.baud,
        microphone_note="; an I2S microphone" if _has_microphone(target) else "",
    )


def _c_files(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name.endswith(".c"))
