"""Try one reader with hostile files, in a process of its own, whose memory is limited and which a hang ends.

    python -m tests.fuzz.readers.try_reader NAME
"""

import faulthandler
import resource
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given

from tests.fuzz.long_run import readers_settings
from tests.fuzz.mutate import hostile
from tests.fuzz.readers.reader import Reader
from tests.fuzz.readers.table import READERS
from tests.fuzz.readers.without_end import without_end
from toolchain.errors import ToolchainError
from toolchain.files import UnfitFileError

#: Of address space beyond what the process has when it begins.
_MEGABYTES = 1024
_SECONDS_PER_INPUT = 30

#: A file outside the folder that is read: no reader may open it, nor write beside it.
_OUTSIDE = "outside"


@contextmanager
def _limited() -> Iterator[None]:
    """No more memory than a reader may need, from here on."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + (_MEGABYTES << 20)
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _listed(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def try_reader(reader: Reader, root: Path) -> int:
    """Try one reader with hostile files, and with what is none, in a folder below ``root``; returns with how many.

    Raises:
        Exception: what is not a `ToolchainError` with a sentence, or a `ToolchainError` over a good file.
    """
    folder = root / "folder"
    path = folder / reader.file
    path.parent.mkdir(parents=True)
    (root / _OUTSIDE).write_text("not to be touched")
    reader.beside(folder)
    originals = reader.originals()
    for original in originals:
        path.write_bytes(original)
        reader.read(path)
    before, inputs = _listed(root), 0

    def read() -> None:
        nonlocal inputs
        inputs += 1
        faulthandler.dump_traceback_later(_SECONDS_PER_INPUT, exit=True)
        try:
            reader.read(path)
        except ToolchainError as error:
            assert error.message.strip() and not error.message.rstrip().endswith(":"), "a sentence without a reason"
        except UnfitFileError as error:
            assert error.filename == str(path)
        finally:
            faulthandler.cancel_dump_traceback_later()
        assert _listed(root) == before, "a file was made or removed"

    @readers_settings(reader.weight)
    @given(content=hostile(originals, text=reader.text))
    def read_hostile(content: bytes) -> None:
        path.write_bytes(content)
        read()

    with _limited():
        for put in without_end(originals[0]):
            path.unlink()
            put(path)
            read()
        path.unlink()
        read_hostile()
    return inputs


def main() -> int:
    """Try the reader of this name; exit code 1 if something was found."""
    reader = next(reader for reader in READERS if reader.name == sys.argv[1])
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        try:
            print(try_reader(reader, Path(folder)))
        except Exception:
            traceback.print_exc()
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
