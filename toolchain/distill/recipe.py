"""A recipe from a file and from single settings, checked."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from toolchain.distill.config import Config
from toolchain.errors import UsageError
from toolchain.files import read_toml


def read_recipe(default: Config, file: Path | None, settings: Mapping[str, Any]) -> Config:
    """Return ``default``, changed by a TOML file and then by ``settings``; None settings change nothing.

    Raises:
        UsageError: The file cannot be read, or a field is unknown or has an impossible value.
    """
    changed = {**_read(file), **{key: value for key, value in settings.items() if value is not None}}
    unknown = sorted(set(changed) - set(asdict(default)))
    if unknown:
        raise UsageError(f"A recipe has no field {unknown[0]!r}.", f"Fields: {', '.join(asdict(default))}.")
    try:
        return TypeAdapter(Config).validate_python({**asdict(default), **changed})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"The recipe's field {where} cannot be used: {first['msg']}.") from error


def _read(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return read_toml(file)
    except (OSError, ValueError) as error:
        raise UsageError(f"The recipe {file} cannot be read: {error}.") from error
