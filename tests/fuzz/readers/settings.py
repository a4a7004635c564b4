"""Readers of what a user writes by hand: targets and recipes, in TOML."""

from pathlib import Path

from tests.fuzz.readers.reader import Reader
from toolchain.model_names import MODELS
from toolchain.resources import targets_dir

_RECIPE = b'epochs = 3\nlearning_rate = 1e-3\ncrop_seconds = [1.0, 2.0]\naveraging = "swa"\nseed = 4\n'


def _targets() -> list[bytes]:
    return [path.read_bytes() for path in sorted(targets_dir().glob("*.toml"))]


def _read_target(path: Path) -> None:
    from toolchain.target import load_target

    load_target(str(path))


def _read_recipe(path: Path) -> None:
    from toolchain.distill.config import Config
    from toolchain.distill.recipe import read_recipe

    read_recipe(Config(model=MODELS[0]), path, {})


READERS = (
    Reader("target", "board.toml", _targets, _read_target, text=True),
    Reader("recipe", "recipe.toml", lambda: [_RECIPE], _read_recipe, text=True),
)
