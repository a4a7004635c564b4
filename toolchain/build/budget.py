"""Whether an image fits its target."""

from dataclasses import dataclass

from toolchain.build.sizes import Sizes
from toolchain.errors import DoesNotFitError, UsageError
from toolchain.target import Target, load_target, target_names


@dataclass(frozen=True)
class Limits:
    """Bytes of flash and RAM an image may take; None where there is no limit."""

    flash_bytes: int | None
    ram_bytes: int | None


def limits(target: Target, model: str) -> Limits:
    """Return the target's budget for ``model``, or all of its memory where it has none."""
    memory = _whole_memory(target)
    return Limits(
        flash_bytes=target.budget.flash_bytes.get(model, memory.flash_bytes),
        ram_bytes=target.budget.ram_bytes.get(model, memory.ram_bytes),
    )


def _whole_memory(target: Target) -> Limits:
    memory = target.memory
    if memory is None:
        return Limits(flash_bytes=None, ram_bytes=None)
    if memory.loaded:  # from a flash of which the linker knows nothing
        return Limits(flash_bytes=None, ram_bytes=memory.flash.length + memory.ram.length)
    return Limits(flash_bytes=memory.flash.length, ram_bytes=memory.ram.length)


def check_budget(sizes: Sizes, target: Target, model: str) -> None:
    """Compare an image with its target's budget; RAM counts with the whole stack reserved.

    Raises:
        DoesNotFitError: saying by how much it is exceeded, which part is the largest and which target would do.
    """
    allowed = limits(target, model)
    ram_bytes = sizes.ram_static_bytes + sizes.stack_bytes
    for memory, used, limit, largest in (
        ("flash", sizes.flash_bytes, allowed.flash_bytes, sizes.largest_in_flash),
        ("RAM", ram_bytes, allowed.ram_bytes, sizes.largest_in_ram),
    ):
        if limit is not None and used > limit:
            part, part_bytes = largest()
            raise DoesNotFitError(
                f"{model} on {target.name} takes {used:,} bytes of {memory}, {used - limit:,} more than its "
                f"budget of {limit:,}; the largest part is {part} with {part_bytes:,} bytes",
                _what_would_fit(sizes, target, model),
            )


def _what_would_fit(sizes: Sizes, target: Target, model: str) -> str:
    ram_bytes = sizes.ram_static_bytes + sizes.stack_bytes
    others = [name for name in target_names() if name != target.name]
    roomier = [name for name in others if _holds(name, model, sizes.flash_bytes, ram_bytes)]
    if roomier:
        return f"an image of this size would fit: {', '.join(roomier)}"
    return "choose a smaller model or raise the budget in the target file"


def _holds(name: str, model: str, flash_bytes: int, ram_bytes: int) -> bool:
    try:
        other = load_target(name)
    except UsageError:
        return False
    allowed = limits(other, model)
    return (
        allowed.flash_bytes is not None
        and allowed.ram_bytes is not None
        and flash_bytes <= allowed.flash_bytes
        and ram_bytes <= allowed.ram_bytes
    )
