"""A profiled image says where its ticks went; any other says that it does not know."""

import numpy as np
import pytest

from tests.builds import build_profiled, student_of
from toolchain.errors import LinkError
from toolchain.flash import open_board
from toolchain.link import Board, WindowNormaliser
from toolchain.link.protocol import ProfileReply
from toolchain.reference.engine import run
from toolchain.target import load_target


@pytest.mark.parametrize("model", ["wav2small-17k", "wav2small-72k"])
@pytest.mark.parametrize("normaliser", WindowNormaliser)
def test_the_layers_ticks_add_up_to_the_windows(model, normaliser, pcm):
    student = student_of(model)
    with open_board(load_target("host"), build_profiled(model).elf) as url, Board(url) as board:
        for _ in range(2):  # the second window's ticks are its own
            result = board.infer(pcm, normaliser=normaliser, exact_ticks=True)
            if normaliser is WindowNormaliser.WINDOW:
                assert np.array_equal(result.values, run(student, pcm).output)
            ticks = dict(zip(student.layer_names, board.profile(), strict=True))
            assert all(ticks.values())
            assert 0.5 * result.ticks < sum(ticks.values()) <= result.ticks
            assert ticks["conv2"] > ticks["conv1"]


def test_a_profile_is_refused_by_an_image_without_one(device):
    with Board(device, timeout=2.0) as board, pytest.raises(LinkError, match="refused a request"):
        board.profile()


def test_a_cut_profile_is_no_message():
    with pytest.raises(ValueError, match="ProfileReply"):
        ProfileReply.unpack(bytes(12))
