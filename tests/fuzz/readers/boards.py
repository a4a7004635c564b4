"""Readers of what is left of a measurement on a board, and of what a boot loader's drive says of itself."""

import hashlib
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.fuzz.readers.reader import Reader, voice
from toolchain.files import MOST_FACTS, read_bounded, read_text_bounded

_BOARD = "RPI-RP2"


def _drives() -> list[bytes]:
    return [f"UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: {_BOARD}\r\n".encode()]


def _read_drive(path: Path) -> None:
    from toolchain.flash.uf2 import find_drive

    assert find_drive(_BOARD, [path.parent]) == path.parent


_HEADER = {"build_id": "00" * 8, "emulator": None}
_OTHER_BUILD = {**_HEADER, "build_id": "01" * 8}


def _name(header: dict[str, Any]) -> str:
    """What a journal is called: its first line's hash is in it."""
    seal = hashlib.sha256(f"\n{json.dumps(header, sort_keys=True)}".encode()).hexdigest()
    return f"verify.{seal[:8]}.partial.jsonl"


def _clip(number: int) -> Any:
    from toolchain.audio import Clip

    return Clip(f"{number}.wav", 160 * number, voice() + number)


def _journals() -> list[bytes]:
    from toolchain.verify.journal import Journal
    from toolchain.verify.parity import ClipResult, Difference, Measured

    with tempfile.TemporaryDirectory() as folder:
        with Journal(Path(folder), _HEADER) as journal:
            for clip in map(_clip, range(2)):
                board, values = (65536, -1, 2**31 - 1), (0.1, 0.25, -2.5e-9)
                result = ClipResult(clip.name, clip.start, len(clip.pcm), clip.sha256, board, board, values, 12345)
                journal.keep(Measured(result))
            wrong = replace(result, reference=(65535, -1, 2**31 - 1))
            journal.keep(Measured(wrong, Difference("1.wav", "conv2", 3, 5, -10, 11)))
        assert journal.path.name == _name(_HEADER)
        return [journal.path.read_bytes()]


def _read_journal(path: Path) -> None:
    """Take it up, measure its clips again, and let go of it; another build finds it, too."""
    from toolchain.verify.journal import Journal

    Journal(path.parent, _OTHER_BUILD).close()
    with Journal(path.parent, _HEADER) as journal:
        clips = [_clip(number) for number in (0, 1, 1)]
        known = journal.known(clips)
        taken = [measured for measured in map(journal.take, clips) if measured]
        assert len(taken) == known and all(measured.result.run < journal.run for measured in taken)
        if not taken:
            return
        before = read_bounded(path, MOST_FACTS)
        try:
            for measured in taken:
                journal.keep(replace(measured, result=replace(measured.result, run=journal.run)))
            journal.finish()
        finally:
            path.write_bytes(before)


def _seal(path: Path) -> None:
    """Let each line have the hash of what it says now, as whoever changes it on purpose would."""
    header = json.dumps(_HEADER, sort_keys=True)
    seal, lines = hashlib.sha256(f"\n{header}".encode()).hexdigest(), []
    try:
        for line in read_text_bounded(path, MOST_FACTS).splitlines():
            try:
                fields = json.loads(line)
                said = f"{seal}\n{json.dumps(fields['clip'], sort_keys=True)}"
                line = json.dumps({**fields, "sha256": hashlib.sha256(said.encode()).hexdigest()})
            except (ValueError, TypeError, KeyError, RecursionError):
                pass
            lines.append(line)
    except (OSError, ValueError):
        return
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())


def _read_sealed_journal(path: Path) -> None:
    _seal(path)
    _read_journal(path)


READERS = (
    Reader("uf2-drive", "INFO_UF2.TXT", _drives, _read_drive, text=True),
    Reader("journal", _name(_HEADER), _journals, _read_journal, text=True),
    Reader("sealed-journal", _name(_HEADER), _journals, _read_sealed_journal, text=True, weight=0.5),
)
