"""The clips that an unfinished verification has measured, kept so that the next one goes on where it was.

A text file of JSON lines beside the image. Its first line says what was measured on what; each of the others is one
clip. A line carries a hash over itself and the first one, so that a line that is torn, changed or of another run is
noticed, and its clip measured again.
"""

import hashlib
import json
import os
import stat
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError

import toolchain
from toolchain.audio import Clip
from toolchain.build import BuildResult, Project
from toolchain.errors import UsageError
from toolchain.files import naming, write_atomically
from toolchain.model_names import Normalisation
from toolchain.quantize.student import QuantizedStudent
from toolchain.target import Target
from toolchain.verify.parity import Measured

#: Journals by name; each has the beginning of its header's hash in it.
JOURNALS = "verify.*.partial.jsonl"
_NAME = "verify.{}.partial.jsonl"
_NAME_DIGITS = 8

#: Raised when lines of an older version may not be taken up.
_VERSION = 1

#: A line has less than 1 KB; a file of more bytes than a million clips take was not written here.
_MOST_BYTES = 1 << 30

#: Of a number in 64 bits, with its sign.
_MOST_DIGITS = 20

_HASH = "sha256"
_HEADER = "of"
_CLIP = "clip"

_MEASURED = TypeAdapter(Measured)


def header_of(
    *,
    target: Target,
    build: BuildResult | Project,
    student: QuantizedStudent,
    hashes: Mapping[str, str],
    port: str | None,
    normalisation: Normalisation,
) -> dict[str, Any]:
    """What a measurement is of: where any of it differs, a clip must be measured again.

    Args:
        target: the board.
        build: what it runs.
        student: the deployed model.
        hashes: SHA-256 of further files by name, such as the float student's.
        port: where the board is; None for the target's emulator. A board that was unplugged may come back under
            another name: only whether there is one counts.
        normalisation: of the board.
    """
    return {
        "version": _VERSION,
        "toolchain": toolchain.__version__,
        "target": target.name,
        "build_id": build.build_id.hex(),
        "model_hash": build.model_hash.hex(),
        "student": student.digest().hex(),
        "hashes": dict(hashes),
        "normalisation": normalisation.value,
        "emulator": target.emulator.kind if port is None and target.emulator else None,
    }


class Journal:
    """The journal of one verification, open for as long as it runs. A context manager.

    Nothing on the disk changes before the first clip is kept: by then a board has answered. Each measurement has a file
    of its own, so that another one of the same build, with another normaliser or on another board, does not end it.

    Attributes:
        path: where it lies.
        run: this run's number, from 1: the one after the last that measured a clip.
        added: clips that this run has measured so far.
        damaged_lines: how many lines were torn or changed, and are left out.
        discarded: there are clips of another build; they go when the first clip is kept.

    Args:
        folder: where it lies: the build's.
        header: what is measured, see `header_of`.
        fresh: leave out what is there.

    Raises:
        UsageError: something that is no file has the journal's name.
        OSError: it cannot be read or written.
    """

    def __init__(self, folder: Path, header: Mapping[str, Any], *, fresh: bool = False) -> None:
        self._first_line = _line(_HEADER, dict(header), "")
        self._seal = _digest(dict(header), "")
        self.path = folder / _NAME.format(self._seal[:_NAME_DIGITS])
        old = [] if fresh else _read_lines(self.path)
        self._clips, self.damaged_lines = self._read_clips(old)
        self.run = 1 + max((measured.result.run for measured in self._clips), default=0)
        self.added = 0
        self._kept: dict[str, list[Measured]] = defaultdict(list)
        for measured in self._clips:
            self._kept[measured.result.sha256].append(measured)
        self._stale = _of_other_builds(folder, header)
        self.discarded = any(len(_read_lines(path)) > 1 for path in self._stale)
        self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; closing it twice does no harm."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def finish(self) -> None:
        """Close it, and let go of the clips that this run has taken or measured: they are in a report."""
        self.close()
        left = [measured for kept in self._kept.values() for measured in kept]
        if left:
            self._write(left)
        else:
            self.path.unlink(missing_ok=True)

    def _write(self, clips: Sequence[Measured]) -> None:
        lines = (self._first_line, *map(self._clip_line, clips))
        write_atomically(self.path, "".join(f"{line}\n" for line in lines))

    def _begin(self) -> None:
        """Write the file anew, so that what follows begins on a line of its own even after a torn one."""
        self._write(self._clips)
        for path in self._stale:
            path.unlink(missing_ok=True)
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0))

    def known(self, clips: Sequence[Clip]) -> int:
        """How many of these clips need not be measured again."""
        left = {sha256: len(kept) for sha256, kept in self._kept.items()}
        known = 0
        for clip in clips:
            if left.get(clip.sha256):
                left[clip.sha256] -= 1
                known += 1
        return known

    def take(self, clip: Clip) -> Measured | None:
        """What was measured of a clip's samples, once for each time; under this clip's name and place."""
        kept = self._kept.get(clip.sha256)
        return _renamed(kept.pop(0), clip) if kept else None

    def keep(self, measured: Measured) -> None:
        """Append one clip at once: what this returns from survives a kill of this process.

        Raises:
            OSError: if it cannot be written.
        """
        if self._file < 0:
            self._begin()
        rest = f"{self._clip_line(measured)}\n".encode()
        with naming(self.path):
            while rest:
                rest = rest[os.write(self._file, rest) :]
        self.added += 1

    def _clip_line(self, measured: Measured) -> str:
        return _line(_CLIP, asdict(measured), self._seal)

    def _read_clips(self, lines: Sequence[str]) -> tuple[list[Measured], int]:
        """The clips, and how many lines are damaged: all of them where the first one is."""
        if lines and lines[0] != self._first_line:
            return [], len(lines)
        found = [_read_clip(line, self._seal) for line in lines[1:]]
        clips = [measured for measured in found if measured is not None]
        return clips, len(found) - len(clips)


def _of_other_builds(folder: Path, header: Mapping[str, Any]) -> list[Path]:
    """Journals of images that this folder no longer has."""
    files = [path for path in sorted(folder.glob(JOURNALS)) if path.is_file() and not path.is_symlink()]
    return [path for path in files if _build_of(path) != header["build_id"]]


def _build_of(path: Path) -> str | None:
    """The build that a journal is of; None if it does not say."""
    try:
        return str(json.loads(_read_lines(path)[0])[_HEADER]["build_id"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


def _read_lines(path: Path) -> list[str]:
    """The lines of a journal; none if there is no journal."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return []
    if not stat.S_ISREG(mode):
        raise UsageError(f"{path} is no file that could keep what is measured", "move it away")
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with open(handle, encoding="utf-8", errors="replace", newline="\n") as file:
        if os.fstat(handle).st_size > _MOST_BYTES:
            return [""]
        return file.read().removesuffix("\n").split("\n")


def _read_clip(line: str, seal: str) -> Measured | None:
    """What a line says; None if it is not as it was written, or of another run."""
    try:
        read = json.loads(line, parse_int=_number)
        if read[_HASH] != _digest(read[_CLIP], seal):
            return None
        return _MEASURED.validate_json(json.dumps(read[_CLIP]), strict=True)
    except (ValueError, KeyError, TypeError, RecursionError, ValidationError):
        return None


def _number(digits: str) -> int:
    """A number of a line; of more digits than any that was written, Python may read it and not write its successor."""
    if len(digits) > _MOST_DIGITS:
        raise ValueError("it is no number of a board")
    return int(digits)


def _line(kind: str, content: dict[str, Any], seal: str) -> str:
    return json.dumps({kind: content, _HASH: _digest(content, seal)})


def _digest(content: Any, seal: str) -> str:
    return hashlib.sha256(f"{seal}\n{json.dumps(content, sort_keys=True)}".encode()).hexdigest()


def _renamed(measured: Measured, clip: Clip) -> Measured:
    """The result under the name that its samples have now."""
    result = replace(measured.result, name=clip.name, start=clip.start)
    difference = measured.difference and replace(measured.difference, clip=clip.name)
    return Measured(result, difference)
