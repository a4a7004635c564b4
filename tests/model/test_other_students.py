"""MobileNets and CNN14: shapes, published parameter counts, and their place among the students."""

import sys

import pytest
import torch

from toolchain.errors import MissingToolError, UsageError
from toolchain.model import checkpoint
from toolchain.model.students import create, for_board
from toolchain.model_names import ALL_STUDENTS, MODELS, OTHER_STUDENTS

MOBILENETS = OTHER_STUDENTS[:4]

#: STFT and mel filters, frozen.
FROZEN = 2 * 33 * 64 + 33 * 26
#: Scale and offset of each of the 26 bands.
STANDARDISATION = 2 * 26
#: timm's published counts of the networks with three colours and 1000 classes, and the first layer's output channels.
PUBLISHED = {
    "mobilenetv3-small": (2_542_856, 1024, 16),
    "mobilenetv3-large": (5_483_032, 1280, 16),
    "mobilenetv4-small": (3_774_024, 1280, 32),
    "mobilenetv4-medium": (9_715_512, 1280, 32),
}
#: What arXiv 1912.10211 gives beside its multiply-adds: with a batch norm over 64 bands and with 527 classes.
PANNS = 80_753_615


@pytest.fixture(scope="module", params=MOBILENETS)
def mobilenet(request):
    torch.manual_seed(0)
    return create(request.param)


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(0)
    return create("mobilenetv3-small").eval()


@pytest.fixture(scope="module")
def cnn14():
    return create("cnn14").eval()


def parameters(model, trained=False):
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trained)


def test_a_mobilenet_is_timms_with_one_channel_and_three_outputs(mobilenet):
    published, features, stem = PUBLISHED[mobilenet.name]
    backbone = published - (features * 1000 + 1000) - 2 * 9 * stem
    assert parameters(mobilenet, trained=True) == backbone + features * 3 + 3 + STANDARDISATION
    assert parameters(mobilenet) - parameters(mobilenet, trained=True) == FROZEN


def test_a_mobilenet_keeps_16_moments_of_a_second(mobilenet):
    mobilenet.eval()
    image = mobilenet.logmel(torch.randn(2, 16_000))
    (features,) = mobilenet.backbone(image)
    assert image.shape == (2, 1, 501, 26)
    assert features.shape[0] == 2 and features.shape[2:] == (16, 1)
    assert mobilenet.head(features).shape == (2, 3)


@pytest.mark.parametrize("samples", [64, 65, 1000, 20_011])
def test_any_length_from_the_shortest_is_heard(small, samples):
    assert small.shortest == 64
    output = small(torch.randn(2, samples))
    assert output.shape == (2, 3) and torch.isfinite(output).all()


def test_cnn14_has_panns_parameters_and_hears_from_its_shortest(cnn14):
    classes, bands = 2048 * 527 + 527, 2 * 64
    assert parameters(cnn14, trained=True) == PANNS - classes - bands + 2048 * 3 + 3 + STANDARDISATION
    for samples, frames in ((cnn14.shortest, 1), (16_000, 15)):
        (features,) = cnn14.backbone(cnn14.logmel(torch.randn(1, samples)))
        assert features.shape == (1, 2048, frames, 1)
        assert cnn14.head(features).shape == (1, 3)


def test_the_image_is_standardised_band_by_band(small):
    torch.manual_seed(1)
    network = create("mobilenetv3-small").train()
    image = network.logmel(torch.randn(4, 16_000))
    standardised = network.front_end.standardise(image)
    assert standardised.shape == image.shape
    assert standardised.mean(dim=(0, 2)).abs().max() < 0.01
    # Band 0 is an empty filter: always -100 dB, so it stays at zero.
    variance = image[:, 0, :, 1:].var(dim=(0, 1))
    expected = (variance / (variance + 1)).sqrt()
    assert expected.min() > 0.9
    torch.testing.assert_close(standardised[:, 0, :, 1:].std(dim=(0, 1)), expected, atol=0.01, rtol=0)
    assert standardised[:, 0, :, 0].abs().max() < 0.01


def test_gain_and_offset_do_not_matter(small):
    signal = torch.randn(1, 8000)
    torch.testing.assert_close(small(signal * 0.25 + 0.1), small(signal), atol=1e-3, rtol=0)


def test_every_mobilenet_is_read_back_as_what_it_is(mobilenet, tmp_path):
    checkpoint.save(mobilenet, tmp_path / "model.safetensors")
    loaded = checkpoint.load(tmp_path)
    assert loaded.name == mobilenet.name and not loaded.training
    for key, value in mobilenet.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value), key


def test_a_damaged_checkpoint_is_named_for_what_it_was(small, tmp_path):
    path = tmp_path / "model.safetensors"
    checkpoint.save(small, path)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(UsageError, match="not a readable"):
        checkpoint.load(path)
    with torch.no_grad():
        broken = create("mobilenetv3-small")
        broken.trunk.classifier.bias[0] = float("inf")
    checkpoint.save(broken, path)
    with pytest.raises(UsageError, match=r"mobilenetv3-small\.classifier\.bias contains NaN or infinity"):
        checkpoint.load(path)


def test_the_wrong_name_is_refused(small, tmp_path):
    checkpoint.save(small, tmp_path / "model.safetensors")
    with pytest.raises(UsageError, match="as mobilenetv3-large lacks tensor"):
        checkpoint.load(tmp_path, "mobilenetv3-large")


def test_none_of_them_reaches_a_board(small, tmp_path):
    assert for_board(create("wav2small-17k")).name == "wav2small-17k"
    with pytest.raises(UsageError, match="mobilenetv3-small does not reach a board") as info:
        for_board(small)
    assert all(name in info.value.hint for name in MODELS)
    checkpoint.save(small, tmp_path / "model.safetensors")
    with pytest.raises(UsageError, match="does not reach a board"):
        checkpoint.load_for_board(tmp_path)


def test_only_mobilenets_need_timm(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    for name in MODELS:
        assert create(name).name == name
    with pytest.raises(MissingToolError, match=r"timm is not installed; it comes with the extra 'train'"):
        create("mobilenetv3-small")


def test_unknown_model_names_all():
    with pytest.raises(UsageError) as info:
        create("mobilenetv2")
    assert all(name in info.value.hint for name in ALL_STUDENTS)
