"""The students have exactly the published shapes, counts and tensor names."""

import numpy as np
import pytest
import torch

from toolchain.errors import UsageError
from toolchain.model.students import Student, create
from toolchain.model_names import MODELS

PUBLIC_KEYS = {
    *(f"vgg7.l{i}.conv.weight" for i in range(1, 8)),
    *(
        f"vgg7.l{i}.norm.{name}"
        for i in range(1, 8)
        for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    ),
    *(f"vgg7.{layer}.{name}" for layer in ("lin", "sof") for name in ("weight", "bias")),
    "vgg7.spectrogram_extractor.conv_real.weight",
    "vgg7.spectrogram_extractor.conv_imag.weight",
    "vgg7.logmel_extractor.melW",
    "vgg7.logmel_extractor.amin",
    "adv.weight",
    "adv.bias",
}


def parameters(model: Student, trainable: bool = False) -> int:
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trainable)


def test_17k_has_the_public_keys_and_counts():
    model = create("wav2small-17k")
    state = model.state_dict()
    assert len(PUBLIC_KEYS) == 52 and set(state) == PUBLIC_KEYS
    assert parameters(model, trainable=True) == 10_806
    assert parameters(model) == 15_030
    assert sum(value.numel() for value in state.values()) == 16_078
    assert state["adv.weight"].shape == (3, 338)


def test_72k_has_the_paper_s_counts():
    model = create("wav2small-72k")
    assert parameters(model) == 72_659
    assert parameters(model, trainable=True) == 67_577


@pytest.mark.parametrize(("name", "frames", "rows"), [("wav2small-17k", 499, 250), ("wav2small-72k", 501, 251)])
def test_shapes_of_one_second(name, frames, rows):
    model = create(name).eval()
    image = model.logmel(torch.randn(2, 16_000))
    outputs = model.backbone(image)
    assert image.shape == (2, 1, frames, 26)
    assert all(x.shape == (2, 13, rows, 13) for x in outputs)
    assert model.head(*outputs).shape == (2, 3)


@pytest.mark.parametrize("name", MODELS)
def test_gain_and_offset_do_not_matter(name):
    model = create(name).eval()
    signal = torch.from_numpy(np.random.default_rng(0).normal(size=(1, 8000)).astype(np.float32))
    torch.testing.assert_close(model(signal * 0.25 + 0.1), model(signal), atol=1e-4, rtol=0)


def test_17k_head_is_the_gated_sum_and_its_gram():
    model = create("wav2small-17k")
    lin, sof = torch.randn(2, 2, 13, 40, 13, dtype=torch.float64)
    weight = np.exp(sof.numpy()) / np.exp(sof.numpy()).sum(axis=2, keepdims=True)
    x = (weight * lin.numpy()).sum(axis=2)
    gram = np.einsum("bcm,bdm->bcd", x, x)
    features = np.concatenate([x, gram], axis=2).reshape(2, 338)
    expected = features @ model.adv.double().weight.detach().numpy().T + model.adv.bias.detach().numpy()
    np.testing.assert_allclose(model.head(lin, sof).detach().numpy(), expected, atol=1e-12)


def test_72k_rows_straddle_channels():
    """Element i of the C-ordered (13, T2, 13) tensor belongs to row i // 169, whatever its channel."""
    model = create("wav2small-72k").double()
    x = torch.randn(1, 13, 20, 13, dtype=torch.float64)
    rows = torch.from_numpy(x.numpy().ravel().reshape(20, 169))
    pooled = (model.sof(rows).softmax(0) * model.lin(rows)).sum(0)
    torch.testing.assert_close(model.head(x)[0], model.adv(pooled))


def test_unknown_model_names_the_known_ones():
    with pytest.raises(UsageError, match="wav2small-18k") as info:
        create("wav2small-18k")
    assert all(name in info.value.hint for name in MODELS)
