"""A list of recordings: CSV with a header, or JSON Lines.

Columns: ``file`` or ``path``, relative to the list's folder; optionally ``speaker`` and ``split`` (``train``,
``validation`` or ``test``, or what corpora often call them: ``dev``, ``val``, ``valid``, ``development``).
"""

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from toolchain.corpora.entry import Corpus, CorpusEntry, Split, inside, open_list, read_csv
from toolchain.errors import UsageError

SUFFIXES = frozenset({".csv", ".jsonl", ".ndjson"})

_SPLITS = {
    **{split.value: split for split in Split},
    **dict.fromkeys(("dev", "development", "val", "valid"), Split.VALIDATION),
}


def read(path: Path) -> Corpus:
    """List what a manifest names, in its order.

    Raises:
        UsageError: The manifest is malformed, empty, or names a file outside its folder.
    """
    rows = read_csv(path) if path.suffix.lower() == ".csv" else _read_json_lines(path)
    entries = tuple(_entry(row, path, number) for number, row in enumerate(rows, start=1))
    if not entries:
        raise UsageError(f"{path} lists no recording.", "Its first line names the columns: file,speaker,split.")
    return Corpus("manifest", entries)


def _read_json_lines(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with open_list(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig") as text:
            for line in filter(str.strip, text):
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise ValueError("a line is no object")
                yield row
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no file of JSON lines: {error}.", "Each line is one object.") from error


def _entry(row: Mapping[str, Any], manifest: Path, number: int) -> CorpusEntry:
    name = row.get("file") or row.get("path")
    if not isinstance(name, str):
        raise UsageError(f"Recording {number} of {manifest} lacks its file (or path).")
    path = inside(manifest.parent, name, manifest)
    split = str(row.get("split") or "")
    if split.lower() not in _SPLITS:
        raise UsageError(
            f"Recording {number} of {manifest} is in the unknown split {split!r}.",
            "Use train, validation or test, or leave it empty.",
        )
    speaker = row.get("speaker")
    return CorpusEntry(path, Path(name).as_posix(), "" if speaker is None else str(speaker), _SPLITS[split.lower()])
