"""The teacher that needs no download: shapes, files, and what a file may not do."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from toolchain.errors import UsageError
from toolchain.teacher.acted import FILE_NAME, ActedNetwork, ActedTeacher


@pytest.fixture
def teacher():
    torch.manual_seed(0)
    return ActedTeacher([ActedNetwork(), ActedNetwork()])


def speech(batch=2, samples=8000, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal((batch, samples))).astype(np.float32)


def test_it_answers_with_the_mean_of_its_members(teacher):
    signal = speech()
    members = [ActedTeacher([member]).annotate(signal) for member in teacher._members]
    np.testing.assert_allclose(teacher.annotate(signal), np.mean(members, axis=0), atol=1e-6)


def test_it_hears_the_normalised_waveform(teacher):
    signal = speech()
    np.testing.assert_allclose(teacher.annotate(0.3 * signal + 0.01), teacher.annotate(signal), atol=1e-4)


def test_batches_and_single_clips_agree_and_the_shortest_is_heard(teacher):
    signal = speech(3, teacher.shortest)
    alone = np.concatenate([teacher.annotate(row[np.newaxis]) for row in signal])
    np.testing.assert_allclose(teacher.annotate(signal), alone, atol=1e-6)


def test_what_was_saved_is_what_is_loaded(teacher, tmp_path):
    teacher.save(tmp_path)
    loaded = ActedTeacher.load(tmp_path)
    assert loaded.identity == teacher.identity and loaded.members == 2
    again = tmp_path / "again"
    loaded.save(again)
    assert (again / FILE_NAME).read_bytes() == (tmp_path / FILE_NAME).read_bytes()
    # Half floats on disk: outputs move by less than what matters, and then no more.
    assert np.abs(loaded.annotate(speech()) - teacher.annotate(speech())).max() < 5e-3
    np.testing.assert_array_equal(ActedTeacher.load(again).annotate(speech()), loaded.annotate(speech()))


def test_identity_tells_weights_apart(teacher):
    torch.manual_seed(1)
    assert ActedTeacher([ActedNetwork()]).identity != teacher.identity


def test_masks_are_for_training_only(teacher):
    network = teacher._members[0]
    image = network.logmel(torch.from_numpy(speech()))
    assert torch.equal(network.backbone(image)[0], network.backbone(image)[0])
    network.train()
    assert not torch.equal(network.backbone(image)[0], network.backbone(image)[0])


def _without_a_tensor(state):
    del state["1.adv.bias"]


def _with_nan(state):
    state["0.adv.bias"] = torch.full((3,), float("nan"))


def _of_another_shape(state):
    state["0.adv.bias"] = torch.zeros(4)


def _of_another_network(state):
    state.clear()
    state["weight"] = torch.zeros(1)


@pytest.mark.parametrize("damage", [_without_a_tensor, _with_nan, _of_another_shape, _of_another_network])
def test_a_wrong_file_is_refused(teacher, tmp_path, damage):
    teacher.save(tmp_path)
    state = load_file(tmp_path / FILE_NAME)
    damage(state)
    save_file(state, tmp_path / FILE_NAME)
    with pytest.raises(UsageError, match="is not a teacher of kind 'acted'"):
        ActedTeacher.load(tmp_path)


def test_no_file_and_a_damaged_file(tmp_path):
    with pytest.raises(UsageError, match="There is no teacher"):
        ActedTeacher.load(tmp_path)
    (tmp_path / FILE_NAME).write_bytes(b"not safetensors")
    with pytest.raises(UsageError, match="is not a teacher of kind 'acted'"):
        ActedTeacher.load(tmp_path)
