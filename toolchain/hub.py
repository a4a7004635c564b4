"""Models by hub id: fetched only when named, and never code."""

import re
from pathlib import Path

from toolchain.errors import UsageError
from toolchain.extras import require

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def is_hub_id(source: str) -> bool:
    """Whether ``source`` reads ``owner/name`` and can be no path: a mistyped path must not reach the network."""
    owner = source.partition("/")[0]
    return bool(_HUB_ID.fullmatch(source)) and not Path(owner).exists()


def fetch(hub_id: str, patterns: list[str]) -> Path:
    """Return the local folder of a hub model, with those of its files that match ``patterns``.

    What an earlier call fetched is used again without the network where ``HF_HUB_OFFLINE=1`` is set.

    Raises:
        MissingToolError: ``huggingface_hub`` is not installed.
        UsageError: The files could not be fetched.
    """
    hub = require("huggingface_hub", "hub")
    try:
        return Path(hub.snapshot_download(hub_id, allow_patterns=patterns))
    except Exception as error:  # the hub client raises its own, requests', httpx' and OS errors
        raise UsageError(
            f"{hub_id} could not be fetched from the hub ({type(error).__name__}).",
            f"Download {' and '.join(patterns)} of it elsewhere and give the folder that holds them.",
        ) from error
