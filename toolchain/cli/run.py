"""``toolchain run``."""

from typing import TYPE_CHECKING

from toolchain.cli.options import (
    DEFAULT_CLIPS,
    DEFAULT_OUT,
    DEFAULT_WINDOW,
    ClipsOption,
    CorpusOption,
    FlasherOption,
    FreshOption,
    JsonOption,
    ModelOption,
    NormaliserOption,
    OutOption,
    PortOption,
    ProbeOption,
    SignOption,
    StudentOption,
    TargetOption,
    TrustedOption,
    WindowOption,
)
from toolchain.model_names import Normalisation

if TYPE_CHECKING:
    from toolchain.target import Flasher, Target

EXAMPLE = "toolchain run --target mps2-an386 --clips 20"


def run(
    target: TargetOption,
    model: ModelOption = None,
    student: StudentOption = None,
    corpus: CorpusOption = None,
    clips: ClipsOption = DEFAULT_CLIPS,
    window: WindowOption = DEFAULT_WINDOW,
    normaliser: NormaliserOption = Normalisation.TWO_PASS,
    flasher: FlasherOption = None,
    port: PortOption = None,
    probe: ProbeOption = None,
    sign: SignOption = None,
    trusted: TrustedOption = None,
    fresh: FreshOption = False,
    out: OutOption = DEFAULT_OUT,
    json: JsonOption = False,
) -> None:
    """Build, flash and verify: the three in one.

    Runs on the target's emulator. Given --port or --flasher, or if there is no emulator, the image is written to the
    board itself; where the target has no flasher, the board on --port must run this build already. Ends with a table
    that compares the board with the integer reference and with the float student.
    """
    from toolchain.cli.boards import choose_port, flash_board
    from toolchain.cli.build import build_folder, build_image, writing
    from toolchain.cli.signatures import check_built, open_signer, open_trusted, sign_built
    from toolchain.cli.students import open_student
    from toolchain.cli.verify import choose_clips, verify_image
    from toolchain.target import load_target

    signer, keys = open_signer(sign), open_trusted(trusted)
    board = load_target(target)
    way = _choose_way(board, flasher, port)
    if way is not None or board.emulator is None:
        port = choose_port(board, port)
    chosen = open_student(model, student)
    selection = choose_clips(corpus, clips, window)
    with writing(build_folder(out, board, chosen.quantized)):
        image = build_image(chosen.quantized, board, out)
        sign_built(image, signer)
        signature = check_built(image, chosen.quantized, keys)
        if way is not None and port is not None:
            flash_board(board, image, way, port, probe)
        verify_image(
            board,
            chosen,
            image,
            selection,
            port=port,
            as_json=json,
            normalisation=normaliser,
            signature=signature,
            fresh=fresh,
        )


def _choose_way(target: "Target", flasher: str | None, port: str | None) -> "Flasher | None":
    """The flasher to write the image with; None if it runs on the emulator, or on a port already."""
    from toolchain.cli.boards import choose_flasher

    if flasher is None and port is None and target.emulator is not None:
        return None
    return choose_flasher(target, flasher)
