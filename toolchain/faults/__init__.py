"""Everything that can go wrong on the line, tried: a faulty cable, all its single faults, and what came of each."""

from toolchain.faults.boards import board_of, require_resettable
from toolchain.faults.cases import RANDOM, Plan, find_case
from toolchain.faults.prepare import build_for_faults, empty_result, make_task, measure_session
from toolchain.faults.recovery import can_recover, count_recoveries, measure_recovery
from toolchain.faults.report import (
    ClassResult,
    FaultTable,
    TargetResult,
    require_nothing_wrong,
)
from toolchain.faults.run import run_case, run_plan
from toolchain.faults.session import ALLOWED, Passed, Task

__all__ = [
    "ALLOWED",
    "RANDOM",
    "ClassResult",
    "FaultTable",
    "Passed",
    "Plan",
    "TargetResult",
    "Task",
    "board_of",
    "build_for_faults",
    "can_recover",
    "count_recoveries",
    "empty_result",
    "find_case",
    "make_task",
    "measure_recovery",
    "measure_session",
    "require_nothing_wrong",
    "require_resettable",
    "run_case",
    "run_plan",
]
