"""Teachers by hub id, through the hub's own client, without a network."""

import huggingface_hub
import numpy as np
import pytest
import torch
from huggingface_hub import constants

from tests.published_teachers import SMALL, speech, wav2vec2_folder
from toolchain.errors import UsageError
from toolchain.teacher.load import load
from toolchain.teacher.transformer import transformers

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of the client, which believes that HF_HUB_OFFLINE=1 is set."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def wav2vec2():
    torch.manual_seed(1)
    encoder = transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(**SMALL)).eval()
    return encoder, torch.nn.Linear(32, 32), torch.nn.Linear(32, 3)


@pytest.mark.parametrize("kind", ["wav2vec2", "wavlm"])
def test_an_id_that_cannot_be_fetched_points_at_a_local_folder(cache, kind):
    with pytest.raises(UsageError, match=r"owner/model could not be fetched from the hub") as info:
        load([f"{kind}:owner/model"])
    assert info.value.hint == "Download config.json and model.safetensors of it elsewhere and give the folder " + (
        "that holds them."
    )


@pytest.mark.parametrize("weights", ["model.safetensors", "pytorch_model.bin"])
def test_what_was_fetched_before_is_found_without_a_network(cache, wav2vec2, tmp_path, weights):
    repository = cache / "models--owner--model"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs/main").write_text(COMMIT)
    wav2vec2_folder(repository / "snapshots" / COMMIT, wav2vec2, weights=weights)
    local = wav2vec2_folder(tmp_path / "local", wav2vec2, weights=weights)
    teachers = [load([f"wav2vec2:{source}"]) for source in ("owner/model", local)]
    np.testing.assert_array_equal(*(teacher.annotate(speech(1)) for teacher in teachers))
    assert teachers[0].identity == teachers[1].identity


def test_no_code_and_no_needless_weights_are_asked_for(wav2vec2, tmp_path, monkeypatch):
    asked = []
    folder = wav2vec2_folder(tmp_path, wav2vec2, weights="pytorch_model.bin")

    def download(name, allow_patterns):
        asked.append((name, allow_patterns))
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    load(["wav2vec2:owner/model"])
    assert asked == [
        ("owner/model", ["config.json", "model.safetensors"]),
        ("owner/model", ["config.json", "pytorch_model.bin"]),
    ]


def test_a_local_path_never_reaches_the_network(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: pytest.fail("asked the hub"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    with pytest.raises(UsageError, match=r"no folder models/mistyped of a teacher"):
        load(["wav2vec2:models/mistyped"])
