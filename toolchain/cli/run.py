"""``toolchain run``."""

from toolchain.cli.options import (
    DEFAULT_CLIPS,
    DEFAULT_OUT,
    DEFAULT_WINDOW,
    ClipsOption,
    CorpusOption,
    JsonOption,
    ModelOption,
    OutOption,
    PortOption,
    StudentOption,
    TargetOption,
    WindowOption,
)

EXAMPLE = "toolchain run --target mps2-an386 --clips 20"


def run(
    target: TargetOption,
    model: ModelOption = None,
    student: StudentOption = None,
    corpus: CorpusOption = None,
    clips: ClipsOption = DEFAULT_CLIPS,
    window: WindowOption = DEFAULT_WINDOW,
    port: PortOption = None,
    out: OutOption = DEFAULT_OUT,
    json: JsonOption = False,
) -> None:
    """Build, flash and verify: the three in one.

    Ends with a table that compares the board with the integer reference and with the float student.
    """
    from toolchain.cli.build import build_image
    from toolchain.cli.students import open_student
    from toolchain.cli.verify import choose_clips, verify_image
    from toolchain.target import load_target

    board = load_target(target)
    chosen = open_student(model, student)
    selection = choose_clips(corpus, clips, window)
    image = build_image(chosen.quantized, board, out)
    verify_image(board, chosen, image, selection, port=port, as_json=json)
