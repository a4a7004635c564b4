"""A chip that no emulator has is tested by its twin, so both must run the same engine: the same objects."""

from pathlib import Path

import pytest

from tests.builds import need, student_of
from toolchain.build.compiler import Compiler
from toolchain.build.sources import firmware_sources
from toolchain.model_names import MODELS
from toolchain.target import Target, load_target, target_names

WITH_TWIN = [name for name in target_names() if load_target(name).twin]


def engine_objects(target: Target, model: str, folder: Path) -> dict[str, bytes]:
    """The engine's objects by name, compiled as the build does it."""
    sources = {name: text for name, text in firmware_sources(student_of(model), target).items() if "engine/" in name}
    for name, text in sources.items():
        path = folder / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    compiler = Compiler(target, folder)
    objects = [compiler.compile(name) for name in sorted(sources) if name.endswith(".c")]
    return {name: (folder / name).read_bytes() for name in objects}


def test_some_chips_have_a_twin():
    arm, espressif = {"nrf52840", "hearing-aid-m33", "hearing-aid-m55"}, {"esp32", "esp32s3", "esp32c3"}
    assert arm | espressif <= set(WITH_TWIN)


@pytest.mark.parametrize("name", WITH_TWIN)
def test_a_twin_is_an_emulated_target(name):
    twin = load_target(load_target(name).twin)
    assert twin.emulator is not None
    assert twin.twin is None


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", WITH_TWIN)
def test_a_chip_and_its_twin_run_the_same_engine_objects(name, model, tmp_path):
    chip = load_target(name)
    need(chip.compiler.command)
    objects = engine_objects(chip, model, tmp_path / "chip")
    assert len(objects) > 4
    assert engine_objects(load_target(chip.twin), model, tmp_path / "twin" / "elsewhere") == objects
