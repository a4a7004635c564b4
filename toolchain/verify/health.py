"""Whether the board that is to be measured is sound."""

from typing import Any

from toolchain.build import BuildResult, Project
from toolchain.errors import LinkError
from toolchain.link import Board
from toolchain.link.health import describe_reset
from toolchain.link.protocol import HealthReply, ImageState


def require_sound(board: Board, build: BuildResult | Project) -> HealthReply:
    """Let the board compute its image's checksum, and hold it against the build's own.

    Raises:
        LinkError: if they differ, or there is no answer.
    """
    health = board.health()
    expected = build.image_crc if isinstance(build, BuildResult) else None
    if expected is not None and health.image_crc != expected:
        raise LinkError(
            f"the board's image has the checksum {health.image_crc:08x}, not the build's {expected:08x}",
            "flash the board again",
        )
    return health


def health_facts(health: HealthReply) -> dict[str, Any]:
    """What the report says of it."""
    return {
        "image": ImageState(health.image).name.lower(),
        "image_crc": f"{health.image_crc:08x}" if health.image != ImageState.NOT_CHECKED else None,
        "last_reset": describe_reset(health) or None,
    }
