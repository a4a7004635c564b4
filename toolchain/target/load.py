"""Targets by name: ``targets/<name>.toml``."""

import difflib
from pathlib import Path

from pydantic import ValidationError

from toolchain.errors import UsageError
from toolchain.files import read_toml
from toolchain.resources import targets_dir
from toolchain.target.schema import Target

#: How a target file's name ends, and how ``--target`` tells a file from a name.
SUFFIX = ".toml"


def target_names() -> list[str]:
    """Names of all targets, sorted."""
    return sorted(path.stem for path in targets_dir().glob(f"*{SUFFIX}"))


def load_target(name: str) -> Target:
    """Load ``targets/<name>.toml``, or the target file itself if ``name`` ends in ".toml".

    Raises:
        UsageError: if there is no such target (the nearest name is suggested), or its file is not valid.
    """
    if name.endswith(SUFFIX):
        return read_target(Path(name))
    known = target_names()
    if name not in known:
        nearest = difflib.get_close_matches(name, known, n=1)
        suggestion = f"did you mean '{nearest[0]}'?" if nearest else f"known targets: {', '.join(known)}"
        raise UsageError(f"there is no target '{name}'", suggestion)
    return read_target(targets_dir() / f"{name}{SUFFIX}")


def read_target(path: Path) -> Target:
    """Read a target file and check it against the schema.

    Raises:
        UsageError: naming the file and the first field that is wrong.
    """
    try:
        content = read_toml(path)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read target file {path}: {error}") from error
    try:
        return Target.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"target file {path}: field '{field}': {first['msg']}") from error
