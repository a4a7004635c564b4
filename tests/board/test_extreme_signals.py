"""Signals at the ends of the range where the front end and the head run in a core's own instructions."""

import pytest

from tests.builds import build_to_emulate, student_of
from tests.extreme_signals import extreme_signals
from toolchain.flash import open_board
from toolchain.link import Board
from toolchain.reference.engine import run
from toolchain.target import load_target

pytestmark = pytest.mark.board

#: One target for each form of the arithmetic: Arm's DSP extension, Helium, RV32M, and 32-bit products only.
DEPLOYMENTS = [
    ("mps2-an386", "wav2small-17k"),
    ("mps2-an386", "wav2small-72k"),
    ("mps3-an547", "wav2small-17k"),
    ("mps3-an547", "wav2small-72k"),
    ("riscv-virt", "wav2small-17k"),
    ("kc705-lx106", "wav2small-17k"),
    ("microbit", "wav2small-17k"),
]

#: Place of the image among a student's layers.
LOGMEL = 0


@pytest.mark.parametrize(("name", "model"), DEPLOYMENTS)
def test_extreme_signals(name, model):
    target, build = load_target(name), build_to_emulate(name, model)
    with open_board(target, build.elf) as url, Board(url) as board:
        for signal, pcm in extreme_signals(1500).items():
            trace = run(student_of(model), pcm)
            assert (board.tap(LOGMEL, pcm) == trace.rows["logmel"]).all(), signal
            assert (board.infer(pcm).values == trace.output).all(), signal
