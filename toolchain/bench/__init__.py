"""Every student on every target: what fits, what it takes, and whether it is right."""

from toolchain.bench.check import find_growth, require_no_growth
from toolchain.bench.comparison import Comparison, compare
from toolchain.bench.estimate import ASSUMPTION, Estimate, estimate
from toolchain.bench.header import make_header
from toolchain.bench.measure import Contestant, choose_pairs
from toolchain.bench.page import render_page
from toolchain.bench.run import Failure, Progress, bench
from toolchain.bench.table import Audio, Header, Row, Table, Verified

__all__ = [
    "ASSUMPTION",
    "Audio",
    "Comparison",
    "Contestant",
    "Estimate",
    "Failure",
    "Header",
    "Progress",
    "Row",
    "Table",
    "Verified",
    "bench",
    "choose_pairs",
    "compare",
    "estimate",
    "find_growth",
    "make_header",
    "render_page",
    "require_no_growth",
]
