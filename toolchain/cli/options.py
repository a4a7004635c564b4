"""Options that several verbs share, so that they are called and explained the same everywhere."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from toolchain.model_names import Normalisation


class Framework(StrEnum):
    """What the firmware is built on."""

    BARE_METAL = "bare-metal"
    ESP_IDF = "esp-idf"


TargetOption = Annotated[
    str,
    typer.Option(
        "--target",
        "-t",
        metavar="NAME",
        help="Board to use; 'toolchain targets' lists them. A target file of your own: its path, which ends in .toml.",
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model", "-m", metavar="NAME", help="Bundled student: wav2small-17k (if none is given) or wav2small-72k."
    ),
]
StudentOption = Annotated[
    Path | None,
    typer.Option("--student", "-s", metavar="FOLDER", help="A student of your own, as 'toolchain quantize' writes it."),
]
OutOption = Annotated[
    Path, typer.Option("--out", "-o", metavar="FOLDER", help="Builds and reports go to FOLDER/TARGET/MODEL/.")
]
CorpusOption = Annotated[
    Path | None,
    typer.Option(
        "--corpus",
        "-c",
        metavar="PATH",
        help="Folder of recordings, or one file (WAV, FLAC, OGG; any rate). "
        "Without it: the recordings of Debian's asterisk-core-sounds-en-wav.",
    ),
]
ClipsOption = Annotated[
    int, typer.Option("--clips", "-n", min=1, metavar="N", help="How many clips to run, spread over the corpus.")
]
WindowOption = Annotated[
    float,
    typer.Option(
        "--window", "-w", min=0.0, metavar="SECONDS", help="Loudest window taken of each recording; 0 takes all of it."
    ),
]
PortOption = Annotated[
    str | None,
    typer.Option(
        "--port",
        "-p",
        metavar="URL",
        help="Serial port of the board: a device, COM3, socket://host:port or rfc2217://host:port. "
        "Without it: the target's emulator or, where the board itself is used, the port with its USB id.",
    ),
]
FlasherOption = Annotated[
    str | None,
    typer.Option(
        "--flasher",
        "-f",
        metavar="NAME",
        help="How to write the image: esptool, openocd, pyocd, st-flash, uf2 or gdb, where the target has it; "
        "or its emulator: host, qemu and so on.",
    ),
]
ProbeOption = Annotated[
    str | None,
    typer.Option(
        "--probe",
        metavar="ID",
        help="Serial number of the debug probe, or folder of the UF2 drive, where several are attached.",
    ),
]
FrameworkOption = Annotated[
    Framework,
    typer.Option(
        "--framework",
        help="bare-metal: an image that needs nothing else. esp-idf: a project for Espressif's SDK (ESP32 family).",
    ),
]
NormaliserOption = Annotated[
    Normalisation,
    typer.Option(
        "--normaliser",
        help="What normalises a clip: its own sums, sent first, or a running estimate that hears it as it comes, as "
        "live audio must be. The CCC of a running one is reported, not gated.",
    ),
]
SignOption = Annotated[
    Path | None,
    typer.Option(
        "--sign", metavar="KEY", help="Sign what is built with this private key, as 'toolchain keys new' makes it."
    ),
]
TrustedOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--trusted",
        metavar="PUBLIC.pem",
        help="Demand a signature by this key, or by one of several if it is given again, before anything is flashed "
        "or measured.",
    ),
]
FreshOption = Annotated[
    bool, typer.Option("--fresh", help="Measure all clips, also those that an interrupted run has measured.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write the result to stdout as JSON.")]

DEFAULT_OUT = Path("build")
DEFAULT_CLIPS = 100
DEFAULT_WINDOW = 1.0
