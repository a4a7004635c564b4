"""What is installed here, what is missing, and for which target that matters."""

from toolchain.doctor.check import Check, Purpose
from toolchain.doctor.general import general_checks
from toolchain.doctor.target_report import TargetReport, examine

__all__ = ["Check", "Purpose", "TargetReport", "examine", "general_checks"]
