"""Native engines, compiled once per test process into a cache of the tests' own."""

from functools import cache

import pytest

from tests.builds import need, student_of
from toolchain.model_names import MODELS
from toolchain.native import NativeEngine
from toolchain.native.library import cache_folder


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        cache_folder.cache_clear()
        yield
    cache_folder.cache_clear()


@cache
def _engine(model: str) -> NativeEngine:
    return NativeEngine(student_of(model))


@pytest.fixture(params=MODELS)
def engine(request: pytest.FixtureRequest) -> NativeEngine:
    need("gcc")
    return _engine(request.param)
