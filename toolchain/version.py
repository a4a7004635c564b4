"""Which state of the toolchain made something."""

import subprocess
from pathlib import Path

from toolchain import __version__


def commit() -> str:
    """Return the commit of the source tree this runs from, ``-dirty`` when it was changed since; else the version."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        found = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return f"version {__version__}"
    return found.stdout.strip()
