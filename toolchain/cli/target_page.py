"""Everything about one target, as ``toolchain targets show`` prints it."""

from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from toolchain.bench import ASSUMPTION, Estimate, Row
from toolchain.bench import Table as BenchTable
from toolchain.build.budget import limits
from toolchain.cli.console import print_table, stdout
from toolchain.model_names import MODELS
from toolchain.target import HOST_MICROPHONE, Emulator, EspImage, Flasher, PlainImage, Target

_MEGA = 1e6
_MILLI = 1e3


def print_page(target: Target, table: BenchTable | None, estimates: Sequence[Estimate]) -> None:
    """Print a target's facts, then its memory, its budgets and what is estimated for it."""
    stdout.print(f" [bold]{target.name}[/]  {escape(target.description)}\n")
    print_table(Padding(_list_of_facts(target), (0, 1), expand=False))
    if target.memory is not None:
        print_table(_memory(target))
    print_table(_sizes(target, table))
    print_table(_estimates(estimates))
    for remark in _remarks(target, table, estimates):
        print_table(Padding(f"[dim]{escape(remark)}[/]", (0, 1), expand=False))


def _list_of_facts(target: Target) -> Table:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for label, value in _facts(target):
        facts.add_row(label, escape(value))
    return facts


def _facts(target: Target) -> Iterable[tuple[str, str]]:
    clock = target.board.clock_hz
    yield "chip", f"{target.chip}, {target.core}{f' at {clock / _MEGA:g} MHz' if clock else ''}"
    yield "compiler", " ".join([target.compiler.command, *target.compiler.flags])
    yield "image", _image(target)
    if uart := target.board.uart:
        yield "UART", f"{uart.driver} at 0x{uart.base:08X}, {uart.baud:,} baud{_pins(uart.pins)}"
    yield "microphone", _microphone(target)
    for index, flasher in enumerate(target.flashers):
        yield "" if index else "flashed by", _flasher(flasher)
    if not target.flashers:
        yield "flashed by", "nothing: the target file names no flasher"
    yield "runs in", _emulator(target.emulator)
    if target.twin:
        yield "twin", f"{target.twin}, which runs the same engine objects in an emulator"
    if power := target.power:
        yield "power", f"{power.microamps_per_mhz:g} uA/MHz at {power.volts:g} V ({power.source})"


def _image(target: Target) -> str:
    match target.image:
        case PlainImage(format=form):
            names = {"bin": "flat binary", "hex": "Intel HEX", "elf": "ELF file"}
            return names["elf" if target.memory is None else form]
        case EspImage(chip=chip, flash_mode=mode, flash_freq=freq, flash_size=size):
            return f"Espressif application image for {chip}: flash {mode}, {freq}, {size}"
        case uf2:
            return f"UF2, family 0x{uf2.family_id:08X}"


def _pins(pins: dict[str, int]) -> str:
    return "".join(f", {role} on pin {number}" for role, number in pins.items())


def _microphone(target: Target) -> str:
    microphone = target.board.microphone
    if microphone.driver == HOST_MICROPHONE:
        return "none of its own: the host sends the samples"
    return f"{microphone.driver}{_pins(microphone.pins)}"


def _flasher(flasher: Flasher) -> str:
    match flasher.kind:
        case "esptool":
            return f"esptool, at offset 0x{flasher.offset:X}, {flasher.baud:,} baud"
        case "openocd":
            return f"openocd, interface {flasher.interface}, target {flasher.target}"
        case "pyocd":
            return f"pyocd, target {flasher.target}"
        case "uf2":
            return f"copying to the drive of {flasher.board_id}"
        case "gdb":
            return f"{flasher.command} through a server such as {flasher.server}"
        case _:
            return flasher.kind


def _emulator(emulator: Emulator | None) -> str:
    match emulator:
        case None:
            return "no emulator"
        case Emulator(kind="qemu"):
            return f"{emulator.command}, machine {emulator.machine}: an emulated core, not silicon"
        case Emulator(kind="process"):
            return "a process on this computer"
        case _:
            return f"{emulator.kind}: a simulated chip, not silicon"


def _memory(target: Target) -> Table:
    memory = target.memory
    assert memory is not None
    table = _table("memory", "first", "last", "bytes")
    for name, region in (("RAM for code" if memory.loaded else "flash", memory.flash), ("RAM", memory.ram)):
        last = region.origin + region.length - 1
        table.add_row(name, f"0x{region.origin:08X}", f"0x{last:08X}", f"{region.length:,}")
    table.add_row("  stack, in RAM", "", "", f"{memory.stack_bytes:,}")
    return table


def _sizes(target: Target, measured: BenchTable | None) -> Table:
    table = _table("bytes", "flash", "RAM with stack", "equal clips", "verified")
    for model in MODELS:
        row = measured.row(target.name, model) if measured else None
        allowed = limits(target, model)
        ram = None if row is None or row.ram_static_bytes is None else row.ram_static_bytes + _stack(row, target)
        flash = row.flash_bytes if row else None
        sizes = (_of(flash, allowed.flash_bytes), _of(ram, allowed.ram_bytes))
        clips = f"{row.equal_clips} of {row.clips}" if row and row.clips else "-"
        table.add_row(model, *sizes, clips, row.verified if row else "not measured")
    return table


def _stack(row: Row, target: Target) -> int:
    """The measured stack; the reserved one where it could not be measured."""
    reserved = target.memory.stack_bytes if target.memory else 0
    return row.ram_stack_bytes or reserved


def _of(used: int | None, limit: int | None) -> str:
    """Bytes used, if they are known, of those allowed, if there is a limit."""
    shown = "-" if used is None else f"{used:,}"
    return shown if limit is None else f"{shown} of {limit:,}"


def _estimates(estimates: Sequence[Estimate]) -> Table:
    table = _table("estimate", "instructions", "time", "of real time", "keeps up, estimated", "energy")
    for item in estimates:
        keeps_up = "-" if item.keeps_up is None else "[green]yes[/]" if item.keeps_up else "[yellow]no[/]"
        table.add_row(
            item.model,
            _number(item.instructions, 1 / _MEGA, "{:,.1f} M"),
            _number(item.seconds, _MILLI, "{:,.0f} ms"),
            _number(item.seconds, 1, "{:,.0%}"),
            keeps_up,
            _number(item.joules, _MILLI, "{:,.1f} mJ"),
        )
    return table


def _remarks(target: Target, table: BenchTable | None, estimates: Sequence[Estimate]) -> Iterable[str]:
    """What the figures rest on, and why some are not there."""
    for model in MODELS:
        row = table.row(target.name, model) if table else None
        if row is not None and row.reason is not None:
            yield f"{model} does not fit: {row.reason}."
    counted_on = {item.counted_on for item in estimates if item.counted_on}
    if not counted_on:
        yield "No estimate: nobody has counted this target's instructions."
        return
    where = ", ".join(sorted(counted_on))
    twin = f" on its twin {where}, which runs the same engine objects" if counted_on != {target.name} else ""
    yield f"Estimates are per second of audio, from instructions counted{twin} in an emulator, not on silicon."
    yield f"They assume {ASSUMPTION}."
    if target.board.clock_hz is None:
        yield "No time: the target has no clock of its own."
    else:
        yield f"It would keep up if it took at most {target.budget.real_time_share:.0%} of real time, its budget."
    if target.power is None:
        yield "No energy: the target file has no current per MHz with a source."


def _table(*headings: str) -> Table:
    """A table whose first column is text and the others figures, but for a last one called "verified"."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for index, heading in enumerate(headings):
        text = index == 0 or heading == "verified"
        table.add_column(heading, justify="left" if text else "right", overflow="fold")
    return table


def _number(value: float | None, factor: float, form: str) -> str:
    return "-" if value is None else form.format(value * factor)
