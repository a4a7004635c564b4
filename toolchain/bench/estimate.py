"""From counted instructions to a time, a share of real time and an energy: estimates, all of them."""

from dataclasses import dataclass

from toolchain.bench.table import Table
from toolchain.target import Target

#: What every estimate rests on.
ASSUMPTION = (
    "one instruction per clock cycle; real cores stall on memory, branches and multiplications, or issue two at once"
)

_PICO = 1e-12


@dataclass(frozen=True)
class Estimate:
    """What one second of audio takes on one target.

    Attributes:
        model: the student.
        instructions: counted per second of audio; None where nobody has counted.
        counted_on: the target they were counted on: the one asked for, or its twin.
        seconds: of the core's time, which is the share of real time; None without a count or a clock.
        keeps_up: whether that share is within the target's budget.
        joules: energy of the core; None where the target file has no figure of the vendor's.
    """

    model: str
    instructions: int | None
    counted_on: str | None
    seconds: float | None
    keeps_up: bool | None
    joules: float | None


def estimate(target: Target, model: str, table: Table | None) -> Estimate:
    """Estimate what ``model`` takes on ``target`` from a table of counted instructions."""
    counted_on = next((name for name in (target.name, target.twin) if name and _count(table, name, model)), None)
    instructions = _count(table, counted_on, model) if counted_on else None
    if instructions is None:
        return Estimate(model, None, None, None, None, None)
    clock_hz, power = target.board.clock_hz, target.power
    seconds = instructions / clock_hz if clock_hz else None
    # One microampere per megahertz is one picocoulomb per clock cycle.
    joules = instructions * power.microamps_per_mhz * _PICO * power.volts if power else None
    keeps_up = seconds <= target.budget.real_time_share if seconds is not None else None
    return Estimate(model, instructions, counted_on, seconds, keeps_up, joules)


def _count(table: Table | None, target: str, model: str) -> int | None:
    row = table.row(target, model) if table else None
    return row.instructions_per_second_of_audio if row else None
