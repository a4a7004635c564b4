"""Recipes from files and settings."""

import pytest

from toolchain.distill.config import Averaging, Config, Precision
from toolchain.distill.recipe import read_recipe
from toolchain.errors import UsageError

DEFAULT = Config(model="wav2small-17k")


def test_file_then_settings_change_the_default(tmp_path):
    file = tmp_path / "recipe.toml"
    file.write_text('epochs = 5\naveraging = "swa"\ncrop_seconds = [0.5, 4]\nprecision = "bf16"\nseed = 3\n')
    config = read_recipe(DEFAULT, file, {"seed": 4, "threads": None})
    assert (config.epochs, config.seed, config.threads) == (5, 4, 1)
    assert config.averaging is Averaging.SWA and config.precision is Precision.BFLOAT16
    assert config.crop_seconds == (0.5, 4.0)


def test_nothing_changes_nothing():
    assert read_recipe(DEFAULT, None, {"epochs": None}) == DEFAULT


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learnin_rate = 1", "no field 'learnin_rate'"),
        ('epochs = "many"', "field epochs cannot be used"),
        ('averaging = "mean"', "field averaging cannot be used"),
        ("epochs = 0", "epochs must be positive"),
        ("correlation = 0\nsquared_error = 0", "positive weight"),
        ("epochs = ", "cannot be read"),
        ("epochs = " + "[" * 9000, "cannot be read: it is nested too deeply"),
        ("epochs = " + "9" * 5000, "cannot be read"),
    ],
)
def test_wrong_recipes_are_named(tmp_path, text, message):
    file = tmp_path / "recipe.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_recipe(DEFAULT, file, {})


def test_absent_file(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_recipe(DEFAULT, tmp_path / "none.toml", {})
