"""Checkpoints: what is written is read back, and everything else is refused with a sentence."""

import sys
import types

import pytest
import torch
from safetensors.torch import load_file, save_file

from toolchain.errors import MissingToolError, UsageError
from toolchain.model import checkpoint
from toolchain.model.students import create
from toolchain.model_names import MODELS


@pytest.fixture
def saved(tmp_path):
    """A valid 17k checkpoint."""
    path = tmp_path / "model.safetensors"
    checkpoint.save(create("wav2small-17k"), path)
    return path


def rewrite(path, change):
    state = load_file(path)
    change(state)
    save_file(state, path)


@pytest.mark.parametrize("name", MODELS)
def test_round_trip_by_file_and_by_folder(name, tmp_path):
    model = create(name)
    checkpoint.save(model, tmp_path / "model.safetensors")
    for source in (tmp_path, str(tmp_path / "model.safetensors")):
        loaded = checkpoint.load(source)
        assert loaded.name == name and not loaded.training
        for key, value in model.state_dict().items():
            assert torch.equal(loaded.state_dict()[key], value)
    assert [p.name for p in tmp_path.iterdir()] == ["model.safetensors"]


def test_the_same_model_gives_the_same_bytes(tmp_path):
    student = create("wav2small-72k")
    for number in range(8):
        checkpoint.save(student, tmp_path / str(number))
    assert len({(tmp_path / str(number)).read_bytes() for number in range(8)}) == 1


def test_missing_tensor_is_named(saved):
    rewrite(saved, lambda state: state.pop("vgg7.l4.norm.bias"))
    with pytest.raises(UsageError, match=r"lacks tensor vgg7\.l4\.norm\.bias"):
        checkpoint.load(saved)


def test_extra_tensor_is_named(saved):
    rewrite(saved, lambda state: state.update({"vgg7.l8.conv.weight": torch.zeros(1)}))
    with pytest.raises(UsageError, match=r"unknown tensor vgg7\.l8\.conv\.weight"):
        checkpoint.load(saved)


def test_wrong_shape_is_named(saved):
    rewrite(saved, lambda state: state.update({"adv.weight": torch.zeros(3, 169)}))
    with pytest.raises(UsageError, match=r"adv\.weight has shape \(3, 169\), expected \(3, 338\)"):
        checkpoint.load(saved)


def test_wrong_type_is_named(saved):
    rewrite(saved, lambda state: state.update({"adv.bias": torch.zeros(3, dtype=torch.int32)}))
    with pytest.raises(UsageError, match=r"adv\.bias has type torch\.int32"):
        checkpoint.load(saved)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_not_finite_is_named(saved, value):
    rewrite(saved, lambda state: state["vgg7.lin.bias"].fill_(value))
    with pytest.raises(UsageError, match=r"vgg7\.lin\.bias contains NaN or infinity"):
        checkpoint.load(saved)


@pytest.mark.parametrize("kept", [0, 4, 100, 20_000])
def test_truncated_file(saved, kept):
    saved.write_bytes(saved.read_bytes()[:kept])
    with pytest.raises(UsageError, match="not a readable"):
        checkpoint.load(saved)


def test_foreign_checkpoint(tmp_path):
    save_file({"encoder.weight": torch.zeros(2)}, tmp_path / "model.safetensors")
    with pytest.raises(UsageError, match="holds no student"):
        checkpoint.load(tmp_path)


def test_the_other_student_is_refused(saved):
    with pytest.raises(UsageError, match="as wav2small-72k lacks tensor"):
        checkpoint.load(saved, "wav2small-72k")


def test_half_precision_is_widened(saved):
    rewrite(saved, lambda state: state.update({"adv.bias": torch.ones(3, dtype=torch.float16)}))
    assert checkpoint.load(saved).adv.bias.dtype == torch.float32


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.pth"])
def test_pickle_is_never_opened(tmp_path, name):
    (tmp_path / name).write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(UsageError, match="pickle"):
        checkpoint.load(tmp_path / name)


def test_mistyped_path_does_not_reach_the_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "students").mkdir()
    monkeypatch.setattr(checkpoint, "fetch", lambda hub_id, files: pytest.fail("network"))
    for source in ("students/missing", "missing.safetensors", "owner/missing.safetensors", "/a/b/c"):
        with pytest.raises(UsageError, match="does not exist"):
            checkpoint.load(source)


def test_hub_id_is_fetched_by_name(saved, monkeypatch):
    asked = []
    hub = types.ModuleType("huggingface_hub")
    hub.snapshot_download = lambda name, allow_patterns: asked.append((name, allow_patterns)) or str(saved.parent)
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    assert checkpoint.load("audeering/wav2small").name == "wav2small-17k"
    assert asked == [("audeering/wav2small", ["model.safetensors"])]


def test_hub_failure_points_at_a_local_folder(monkeypatch):
    hub = types.ModuleType("huggingface_hub")
    hub.snapshot_download = lambda *names, **files: (_ for _ in ()).throw(ConnectionError("no route"))
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    with pytest.raises(UsageError, match="audeering/wav2small could not be fetched") as info:
        checkpoint.load("audeering/wav2small")
    assert "folder" in info.value.hint


def test_hub_package_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingToolError, match="huggingface_hub"):
        checkpoint.load("audeering/wav2small")
