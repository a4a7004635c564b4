"""``toolchain verify``."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolchain.cli.console import print_json, progress, step
from toolchain.cli.options import (
    DEFAULT_CLIPS,
    DEFAULT_OUT,
    DEFAULT_WINDOW,
    ClipsOption,
    CorpusOption,
    Framework,
    FrameworkOption,
    FreshOption,
    JsonOption,
    ModelOption,
    NormaliserOption,
    OutOption,
    PortOption,
    StudentOption,
    TargetOption,
    TrustedOption,
    WindowOption,
)
from toolchain.model_names import Normalisation

if TYPE_CHECKING:
    from toolchain.audio import Selection
    from toolchain.build import BuildResult, Project
    from toolchain.cli.students import Student
    from toolchain.signing import Signature
    from toolchain.target import Target
    from toolchain.verify import Journal

EXAMPLE = "toolchain verify --target mps2-an386 --corpus recordings/ --clips 20 --window 2"


def verify(
    target: TargetOption,
    model: ModelOption = None,
    student: StudentOption = None,
    corpus: CorpusOption = None,
    clips: ClipsOption = DEFAULT_CLIPS,
    window: WindowOption = DEFAULT_WINDOW,
    normaliser: NormaliserOption = Normalisation.TWO_PASS,
    port: PortOption = None,
    framework: FrameworkOption = Framework.BARE_METAL,
    trusted: TrustedOption = None,
    fresh: FreshOption = False,
    out: OutOption = DEFAULT_OUT,
    json: JsonOption = False,
) -> None:
    """Run speech through a built image and compare every result.

    Each clip's integers must equal the integer reference's, and the CCC between board and float student must
    reach 0.99 on arousal, dominance and valence, unless the normaliser is a running one; otherwise the exit code is
    7. report.json and report.html are written beside the image. The image runs on the target's emulator, or on the
    board on --port; a board without an emulator is found by its USB id. After an interruption the same command goes
    on with the clips that are not measured yet.
    """
    from toolchain.cli.boards import choose_port
    from toolchain.cli.build import build_folder, project_folder, using
    from toolchain.cli.signatures import check_built, open_trusted
    from toolchain.cli.students import open_student
    from toolchain.errors import UsageError
    from toolchain.target import load_target

    keys = open_trusted(trusted)
    board = load_target(target)
    chosen = open_student(model, student)
    selection = choose_clips(corpus, clips, window)
    place = project_folder if framework is Framework.ESP_IDF else build_folder
    with using(place(out, board, chosen.quantized)):
        board, image = find_build(board, chosen, framework, out)
        if image.manifest["target"] != board.name:
            raise UsageError(
                f"the build in {image.folder} is for {image.manifest['target']}, not for {board.name}",
                "run 'toolchain build' again",
            )
        if image.model_hash != chosen.quantized.digest()[: len(image.model_hash)]:
            raise UsageError(f"the build in {image.folder} is of another student", "run 'toolchain build' again")
        signature = check_built(image, chosen.quantized, keys)
        if board.emulator is None:
            port = choose_port(board, port)
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


def find_build(
    target: "Target", student: "Student", framework: Framework, out: Path
) -> tuple["Target", "BuildResult | Project"]:
    """What was built, and the target as that leaves it: under ESP-IDF a chip has another clock and other memory.

    Raises:
        UsageError: if there is no whole build, or no chip of that framework.
    """
    from toolchain.build import read_build, read_project
    from toolchain.build.idf_project import project_target
    from toolchain.cli.build import build_folder, project_folder

    if framework is Framework.ESP_IDF:
        return project_target(target), read_project(project_folder(out, target, student.quantized))
    return target, read_build(build_folder(out, target, student.quantized))


def choose_clips(corpus: Path | None, count: int, seconds: float) -> "Selection":
    """The clips to run; says on stderr if there are fewer than asked for.

    Raises:
        UsageError: if none can be used.
        MissingToolError: if no corpus is given and Debian's recordings are not installed.
    """
    from toolchain.audio import installed_corpus, select_clips

    folder = corpus or installed_corpus()
    with progress(f"reading recordings of {folder}", None):
        selection = select_clips(folder, count, seconds or None)
    if len(selection.clips) < count and folder.is_dir():
        step(f"note: {folder} has {len(selection.clips)} usable recordings; {len(selection.skipped)} cannot be used")
    return selection


def verify_image(
    target: "Target",
    student: "Student",
    image: "BuildResult | Project",
    selection: "Selection",
    *,
    port: str | None,
    as_json: bool,
    normalisation: Normalisation = Normalisation.TWO_PASS,
    signature: "Signature | None" = None,
    fresh: bool = False,
) -> None:
    """Verify with a progress bar, write the report, print its summary, and raise if the gate is not passed.

    Raises:
        ParityError: after the report has been written.
    """
    from toolchain.cli.summary import print_summary
    from toolchain.verify import HTML_FILE, FloatStudent, header_of, require_parity, write_report
    from toolchain.verify import verify as run_clips

    hashes = student.hashes()
    header = header_of(
        target=target, build=image, student=student.quantized, hashes=hashes, port=port, normalisation=normalisation
    )
    with _journal(image.folder, header, selection, fresh=fresh) as journal:
        with progress(f"verifying on {target.name}", len(selection.clips)) as bar:
            report = run_clips(
                target=target,
                build=image,
                student=student.quantized,
                float_student=FloatStudent(student.folder.onnx, student.quantized),
                selection=selection,
                hashes=hashes,
                port=port,
                progress=lambda result: bar.advance(),
                normalisation=normalisation,
                kept=journal,
            )
        if signature is not None:  # the session has held build id and checksum against the board's own words
            report["signature"] = signature.facts()
        write_report(report, image.folder)
        journal.finish()
    if as_json:
        print_json(report)
    else:
        print_summary(report, image.folder / HTML_FILE)
    require_parity(report)


@contextmanager
def _journal(
    folder: Path, header: Mapping[str, Any], selection: "Selection", *, fresh: bool
) -> Iterator["Journal"]:
    """The clips that an interrupted run has measured; says how many, and how far this run is if it ends early too."""
    from toolchain.verify import Journal

    with Journal(folder, header, fresh=fresh) as journal:
        total, known = len(selection.clips), journal.known(selection.clips)
        if journal.discarded:
            step("note: clips of an interrupted run are left out: they were measured with another build")
        if journal.damaged_lines:
            step(f"note: {journal.damaged_lines} lines of {journal.path} are damaged and left out")
        if known:
            kept = f"{known} of {total} clips were measured before an interruption and are kept"
            step(f"note: {kept}; --fresh measures all again")
        try:
            yield journal
        except BaseException:
            if measured := min(known + journal.added, total):
                step(f"note: {measured} of {total} clips are measured and kept; the same command goes on from there")
            raise
