"""Is the board right? Every integer against the reference, every dimension against the float student."""

from toolchain.verify.float_student import FloatStudent
from toolchain.verify.journal import JOURNALS, Journal, header_of
from toolchain.verify.parity import ClipResult, Parity, compare
from toolchain.verify.report import HTML_FILE, JSON_FILE, require_parity, write_report
from toolchain.verify.session import verify

__all__ = [
    "HTML_FILE",
    "JOURNALS",
    "JSON_FILE",
    "ClipResult",
    "FloatStudent",
    "Journal",
    "Parity",
    "compare",
    "header_of",
    "require_parity",
    "verify",
    "write_report",
]
