"""Ten thousand clips in a row on a farm of boards: nothing drifts, nothing leaks, no frame is lost."""

from toolchain.soak.farm import Job, is_open, run_farm
from toolchain.soak.judge import problems, require_no_drift
from toolchain.soak.prepare import Clips, Task, empty_row, make_task, speech
from toolchain.soak.report import Row, SoakTable
from toolchain.soak.session import run_session
from toolchain.soak.usage import require_proc

__all__ = [
    "Clips",
    "Job",
    "Row",
    "SoakTable",
    "Task",
    "empty_row",
    "is_open",
    "make_task",
    "problems",
    "require_no_drift",
    "require_proc",
    "run_farm",
    "run_session",
    "speech",
]
