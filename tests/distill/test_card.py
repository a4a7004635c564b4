"""The bundled model cards speak of the bundled weights."""

import pytest

from toolchain.files import sha256_file
from toolchain.model_names import MODELS
from toolchain.resources import student_dir


@pytest.mark.parametrize("name", MODELS)
def test_card_names_the_weights_beside_it(name):
    folder = student_dir(name)
    card = (folder / "card.md").read_text(encoding="utf-8")
    assert card.startswith(f"# {name}: ")
    assert sha256_file(folder / "model.safetensors") in card
