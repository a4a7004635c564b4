"""What a target file may say, and what it must."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

#: Bits per second of a serial line whose target does not say otherwise.
DEFAULT_BAUD = 115_200

#: Bytes of flash in one block of a UF2 file: a page of serial flash, the only size that the RP2040's boot ROM takes.
UF2_PAYLOAD_BYTES = 256

#: Kernels of the backbone, see ``toolchain/codegen/kernels.py``.
KernelName = Literal["plain", "armv6m", "armv7m", "xtensa", "rv32im", "dsp", "helium", "avx2", "avx512vnni", "neon"]

#: The microphone driver of a board that has none: the host sends the samples.
HOST_MICROPHONE = "link"

#: The watchdog driver of a board that has none, or none that is used.
NO_WATCHDOG = "none"

#: Names of template files and folders: nothing that leads out of their folder.
_NAME_PATTERN = r"^[a-z0-9_]+$"
_NAME = Field(pattern=_NAME_PATTERN)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Compiler(_Table):
    """The C compiler's command and the flags that make code for this core."""

    command: str
    #: For compiling and linking alike, and for one of them only.
    flags: list[str]
    compile_flags: list[str] = []
    link_flags: list[str] = []

    @property
    def objcopy(self) -> str:
        """The command that comes with the compiler and converts what it links."""
        return self.command.removesuffix("gcc") + "objcopy"


class Region(_Table):
    """A range of addresses, in bytes."""

    origin: int = Field(ge=0)
    length: int = Field(gt=0)


class Memory(_Table):
    """The memory map the linker script is made from."""

    #: Where the code is: flash, or the RAM it is loaded into.
    flash: Region
    #: Bytes at the start of flash for the second-stage boot loader that the machine file has; its last word is the
    #: checksum that the chip's ROM expects (RP2040).
    boot_loader_bytes: int = Field(default=0, ge=0, multiple_of=4)
    ram: Region
    #: Bytes reserved for the stack, part of ``ram``.
    stack_bytes: int = Field(gt=0, multiple_of=8)
    #: Whether a boot loader copies the whole image into RAM; ``flash`` is then the part that holds the code.
    loaded: bool = False


class Uart(_Table):
    """The serial line: a driver of ``firmware_templates/boards/uart`` and where its registers are."""

    driver: str = _NAME
    base: int
    #: Bytes from one register to the next, where machines differ in that (the 16550).
    stride: int = Field(default=1, gt=0)
    receive_irq: int = Field(ge=0)
    clock_hz: int = Field(gt=0)
    baud: int = Field(default=DEFAULT_BAUD, gt=0)
    #: Numbers of the chip's pins by their role, for drivers whose chip leaves the choice: ``{ tx = 6, rx = 8 }``.
    pins: dict[str, Annotated[int, Field(ge=0)]] = {}


class Microphone(_Table):
    """Where live audio comes from: a driver of ``firmware_templates/boards/microphone``."""

    driver: str = Field(default=HOST_MICROPHONE, pattern=_NAME_PATTERN)
    base: int | None = None
    #: The interrupt the driver serves in ``microphone_interrupt``, if it has one.
    irq: int | None = Field(default=None, ge=0)
    pins: dict[str, Annotated[int, Field(ge=0)]] = {}
    #: Samples that may wait while the engine is busy: a power of two.
    ring_samples: int = Field(default=512, ge=128)

    @field_validator("ring_samples")
    @classmethod
    def _is_power_of_two(cls, value: int) -> int:
        if value & (value - 1):
            raise ValueError("must be a power of two")
        return value


class Watchdog(_Table):
    """What restarts a board that hangs: a driver of ``firmware_templates/boards/watchdog``."""

    driver: str = _NAME
    base: int
    #: The interrupt by which it announces its reset, if it has one by number.
    irq: int | None = Field(default=None, ge=0)
    #: What it counts, per second.
    clock_hz: int = Field(gt=0)
    #: How long the engine may take for a frame, at the least: a board that does not answer for so long is restarted.
    seconds: int = Field(default=4, gt=0)


class Ticks(_Table):
    """The tick counter: a driver of ``firmware_templates/boards/ticks``; none if the template has one."""

    driver: str | None = Field(default=None, pattern=_NAME_PATTERN)
    base: int | None = None
    hz: int = Field(gt=0)


class Board(_Table):
    """Which board templates make up the image."""

    #: A folder of ``firmware_templates/boards``.
    template: str = _NAME
    #: What surrounds the core, a file of ``firmware_templates/boards/machine``; where the core alone does not say.
    machine: str | None = Field(default=None, pattern=_NAME_PATTERN)
    #: Cycles per second of the core.
    clock_hz: int | None = Field(default=None, gt=0)
    uart: Uart | None = None
    ticks: Ticks
    microphone: Microphone = Microphone()
    watchdog: Watchdog | None = None

    @model_validator(mode="after")
    def _systick_has_one_use(self) -> "Board":
        if self.watchdog is not None and self.watchdog.driver == "stm32f4_iwdg" and self.ticks.driver == "systick":
            raise ValueError("stm32f4_iwdg wakes the core by SysTick, which cannot be the tick counter then")
        return self


class Link(_Table):
    """Memory the firmware gives to the serial link."""

    #: Bytes that may arrive while the engine is busy: a power of two.
    receive_ring_bytes: int = 1024
    #: Samples of one AUDIO frame.
    audio_frame_samples: int = Field(default=128, gt=0)

    @field_validator("receive_ring_bytes")
    @classmethod
    def _is_power_of_two(cls, value: int) -> int:
        if value < 256 or value & (value - 1):
            raise ValueError("must be a power of two, at least 256")
        return value

    @model_validator(mode="after")
    def _frame_fits_ring(self) -> "Link":
        # A frame is 4 % at most longer than its samples, plus headers; 64 bytes are kept for recovery.
        if 2 * self.audio_frame_samples + 32 > self.receive_ring_bytes - 64:
            raise ValueError("an AUDIO frame must fit into the receive ring")
        return self


class PlainImage(_Table):
    """The bytes that go into flash, flat or as Intel HEX; or the ELF file, where that is what is loaded."""

    format: Literal["bin", "hex", "elf"] = "bin"


class EspImage(_Table):
    """An application image that the ROM of an Espressif chip loads (esptool's ``elf2image``)."""

    format: Literal["esp"]
    chip: Literal["esp32", "esp32s3", "esp32c3"]
    flash_mode: Literal["qio", "qout", "dio", "dout"] = "dio"
    flash_freq: str = "40m"
    flash_size: str = "4MB"


class Uf2Image(_Table):
    """Microsoft's USB Flashing Format, which a boot loader that shows up as a drive takes."""

    format: Literal["uf2"]
    family_id: int = Field(ge=0, lt=1 << 32)


Image = Annotated[PlainImage | EspImage | Uf2Image, Field(discriminator="format")]


class Esptool(_Table):
    """Espressif's esptool, which talks to the boot loader in the chip's ROM."""

    kind: Literal["esptool"]
    #: Flash offset of the image.
    offset: int = Field(ge=0)
    baud: int = Field(default=460_800, gt=0)


class OpenOcd(_Table):
    """OpenOCD with its own configuration files for probe and chip: "stlink" stands for ``interface/stlink.cfg``."""

    kind: Literal["openocd"]
    interface: str
    target: str
    #: "swd" or "jtag", for a probe that knows both.
    transport: str | None = None


class PyOcd(_Table):
    """pyOCD, which knows the chip by its part number."""

    kind: Literal["pyocd"]
    target: str


class StFlash(_Table):
    """st-flash of stlink-tools."""

    kind: Literal["st-flash"]


class Uf2Drive(_Table):
    """A boot loader that shows up as a drive, known by a line of its ``INFO_UF2.TXT``."""

    kind: Literal["uf2"]
    board_id: str


class Gdb(_Table):
    """GDB and any server that speaks its protocol: a probe's, or an emulator's."""

    kind: Literal["gdb"]
    command: str = "gdb-multiarch"
    server: str = "localhost:3333"
    #: The server's own command that resets the board.
    reset: str = "reset"


Flasher = Annotated[Esptool | OpenOcd | PyOcd | StFlash | Uf2Drive | Gdb, Field(discriminator="kind")]


class Power(_Table):
    """What the vendor publishes about the core's current while it runs."""

    microamps_per_mhz: float = Field(gt=0)
    volts: float = Field(gt=0)
    #: Document, revision and table.
    source: str


class Emulator(_Table):
    """How the image is run without a board."""

    kind: Literal["qemu", "process", "rp2040js", "labwired"]
    command: str | None = None
    machine: str | None = None
    args: list[str] = []
    #: Ticks per executed instruction, where the emulator makes time a count of instructions.
    ticks_per_instruction: float | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> "Emulator":
        if self.kind == "qemu" and not (self.command and self.machine):
            raise ValueError("QEMU needs 'command' and 'machine'")
        if self.kind == "labwired" and not self.machine:
            raise ValueError("LabWired needs 'machine', its name of the chip")
        return self


class Budget(_Table):
    """Bytes an image may take, per model name. RAM is data + bss + stack high-water mark."""

    flash_bytes: dict[str, int] = {}
    ram_bytes: dict[str, int] = {}
    #: Part of the core's time the engine may take while it listens; estimates are held against it, builds are not.
    real_time_share: float = Field(default=1.0, gt=0, le=1)


class Target(_Table):
    """One board: everything the build, the flasher and the link need to know about it."""

    #: Also the name of the build folder, and a string in the firmware.
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=32)
    description: str
    chip: str
    core: str
    #: Which kernels the backbone is made of.
    kernel: KernelName = "plain"
    compiler: Compiler
    memory: Memory | None = None
    board: Board
    link: Link = Link()
    image: Image = PlainImage()
    #: Ways to write the image to the board, the preferred one first.
    flashers: list[Flasher] = []
    #: USB ids ("vid:pid", hexadecimal) of serial ports the board may be on.
    usb: list[Annotated[str, Field(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")]] = []
    emulator: Emulator | None = None
    #: The emulated target that runs the same engine objects: same compiler, same flags.
    twin: str | None = None
    power: Power | None = None
    budget: Budget = Budget()

    @model_validator(mode="after")
    def _uf2_starts_at_a_page(self) -> "Target":
        if self.image.format == "uf2" and (self.memory is None or self.memory.flash.origin % UF2_PAYLOAD_BYTES):
            raise ValueError(f"a UF2 image needs a flash whose origin is a multiple of {UF2_PAYLOAD_BYTES}")
        return self

    @model_validator(mode="after")
    def _frame_fits_pcm_ring(self) -> "Target":
        if self.board.microphone.ring_samples < self.link.audio_frame_samples:
            raise ValueError("a frame of samples must fit into the microphone's ring")
        return self

    @property
    def baud(self) -> int:
        """Bits per second of the serial line."""
        return self.board.uart.baud if self.board.uart else DEFAULT_BAUD
