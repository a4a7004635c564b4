"""Records: named figures that do not change, the JSON files in which commands keep tables of them, and JSON to hash."""

import json
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from toolchain.errors import UsageError
from toolchain.files import MOST_FACTS, read_text_bounded, write_atomically
from toolchain.resources import targets_dir


def canonical(value: Any) -> bytes:
    """The one JSON text of a value, to be hashed or signed.

    Raises:
        ValueError: if JSON cannot hold it.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


class Record(BaseModel):
    """Figures with names; one that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TableFile(Record):
    """A table that a command keeps in a JSON file. Those that come with the target files are called *committed*."""

    #: The command, without "toolchain".
    COMMAND: ClassVar[str]
    #: What the committed one is called.
    NAME: ClassVar[str]

    def write(self, path: Path) -> None:
        """Write the table as JSON, whole or not at all.

        Raises:
            OSError: if the folder cannot be written.
        """
        write_atomically(path, json.dumps(self.model_dump(), indent=2) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a table back.

        Raises:
            UsageError: if it is not one.
        """
        try:
            return cls.model_validate_json(read_text_bounded(path, MOST_FACTS))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read {path}: {error}") from error
        except ValidationError as error:
            field = ".".join(str(part) for part in error.errors()[0]["loc"])
            place = f" (field '{field}')" if field else ""
            raise UsageError(
                f"{path} is not a table of 'toolchain {cls.COMMAND}'{place}",
                "name another file, or remove this one and measure again",
            ) from error

    @classmethod
    def committed(cls) -> Self | None:
        """The table that comes with the target files, or None if there is none."""
        path = cls.committed_path()
        return cls.read(path) if path.is_file() else None

    @classmethod
    def committed_path(cls) -> Path:
        """Where the table that comes with the target files lies."""
        return targets_dir() / cls.NAME
